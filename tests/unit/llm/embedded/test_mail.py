"""Mail files: decoded, cut to what the sender wrote, dated by their own header."""

from __future__ import annotations

from typing import Any

import pytest

from noond.llm.embedded import source_text

HEAD = (
    "From: =?utf-8?q?Ana_L=C3=B3pez?= <ana@example.org>\n"
    "Subject: Contract\n"
    "Date: Mon, 2 Nov 2026 10:00:00 +0100\n"
)


def plain(body: str) -> str:
    return f"{HEAD}Content-Type: text/plain; charset=utf-8\n\n{body}"


def markup(body: str) -> str:
    return f"{HEAD}Content-Type: text/html; charset=utf-8\n\n<html><body>{body}</body></html>"


def test_relative_days_count_from_the_mails_date(read: Any) -> None:
    (task,) = read(plain("Hi,\n\nI will send the contract by Friday.\n"), "a.eml")
    assert (task.title, task.when) == ("Send the contract", "2026-11-06")
    assert task.data["assignee"] == '["Ana López"]'


def test_headers_are_decoded() -> None:
    text = source_text("a.eml", plain("Hi"))
    assert text.startswith("Subject: Contract\nFrom: Ana López <ana@example.org>\nDate: Mon, 2 Nov")


def test_quoted_printable_and_base64(read: Any) -> None:
    printable = (
        f"{HEAD}Content-Type: text/plain; charset=iso-8859-1\n"
        "Content-Transfer-Encoding: quoted-printable\n\nTODO: Gru=DF an M=FCller schi=\ncken\n"
    )
    assert [task.title for task in read(printable, "a.eml")] == ["Gruß an Müller schicken"]
    encoded = (
        f"{HEAD}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        "VE9ETzogc2VuZCB0aGUgY29udHJhY3Q=\n"
    )
    assert [task.title for task in read(encoded, "a.eml")] == ["send the contract"]


def test_plain_text_is_preferred_to_its_html_twin(read: Any) -> None:
    text = (
        f"{HEAD}Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: "
        f"text/plain\n\n"
        "TODO: send it\n--b\nContent-Type: text/html\n\n<p>TODO: send it</p>\n--b--\n"
    )
    assert len(read(text, "a.eml")) == 1


def test_html_lists_and_tables(read: Any) -> None:
    tasks = read(
        markup(
            "<p><b>N&auml;chste Schritte:</b></p><ul><li>Ben: Vertrag pr&uuml;fen</li></ul>"
            "<table><tr><th>Task</th><th>Owner</th></tr><tr><td>Print "
            "it</td><td>Ana</td></tr></table>"
        ),
        "a.eml",
    )
    assert [(t.title, t.data["assignee"]) for t in tasks] == [
        ("Vertrag prüfen", '["Ben"]'), ("Print it", '["Ana"]'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "history",
    [
        "> TODO: old\n",
        "On Mon, 2 Nov 2026 at 10:00, Ben wrote:\n> TODO: old\n",
        "Am 2. November 2026 schrieb Ben:\nTODO: old\n",
        "Le 2 nov. 2026 à 10:00, Ben a écrit :\nTODO: old\n",
        "El 2 de noviembre de 2026, Ben escribió:\nTODO: old\n",
        "-----Original Message-----\nFrom: Ben\nTODO: old\n",
        "From: Ben\nSent: Monday\nTo: Ana\nTODO: old\n",
        "-- \nAna\nTODO: old\n",
    ],
)
def test_history_and_signature_are_cut(read: Any, history: str) -> None:
    tasks = read(plain(f"TODO: new\n\n{history}"), "a.eml")
    assert [task.title for task in tasks] == ["new"]


def test_a_reply_between_quoted_lines_is_read(read: Any) -> None:
    body = "Ben wrote:\n> Can you?\n\nTODO: ask Carla\n\n> And?\n\nYes.\n"
    assert [task.title for task in read(plain(body), "a.eml")] == ["ask Carla"]


@pytest.mark.parametrize(
    "old",
    [
        "<blockquote>TODO: old</blockquote>",
        '<div class="gmail_quote">TODO: old<div>TODO: older</div></div>',
        '<div style="display:none">TODO: old</div>',
        "<style>TODO: old</style>",
        "<!-- TODO: old -->",
    ],
)
def test_what_a_reader_of_html_does_not_see_or_did_not_get_first(read: Any, old: str) -> None:
    tasks = read(markup(f"<p>TODO: new</p>{old}<p>Bye</p>"), "a.eml")
    assert [task.title for task in tasks] == ["new"]


def test_attachments_are_not_read(read: Any) -> None:
    text = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
        f"text/plain\n\nHi\n--b\n"
        "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nTODO: "
        "no\n--b--\n"
    )
    assert read(text, "a.eml") == []


@pytest.mark.parametrize(
    "raw", ["", "no headers at all", "\x00\x01", "Content-Type: multipart/mixed\n\n"]
)
def test_what_is_no_mail_stays_as_it_is_or_becomes_empty(raw: str) -> None:
    assert isinstance(source_text("a.eml", raw), str)
