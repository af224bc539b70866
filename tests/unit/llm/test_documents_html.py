"""HTML becomes what a person sees of it, with headings, lists and tables as in Markdown."""

from __future__ import annotations

import pytest

from noond.llm.documents.html_text import html_text
from noond.llm.documents.refusal import RefusedError


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h2>Next <i>steps</i></h2><p>Call Ada", "## Next steps\n\nCall Ada"),
        ("<p>Ring <b>A</b>da</p><p>or Bob</p>", "Ring Ada\n\nor Bob"),
        ('<a href="https://x.example/">the plan</a>', "the plan"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<ul><li><input type=checkbox checked> a<li><input type=checkbox>b</ul>", None),
        ("<p><s>Call Bob</s> and <del>Eve</del>", "~~Call Bob~~ and ~~Eve~~"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<pre><code>TODO: a\n  b</code></pre>", "```\nTODO: a\n  b\n```"),
        ("a<br>b", "a\nb"),
        ("1 &lt; 2 &amp;&#x20;3", "1 < 2 & 3"),
        ("", ""),
        ("<!-- nothing -->", ""),
        ("no markup at all", "no markup at all"),
    ],
)
def test_elements(page: str, text: str | None) -> None:
    assert html_text(page.encode()) == (text if text is not None else "- [x] a\n- [ ] b")


def test_tables_of_data_keep_their_columns() -> None:
    page = b"""<table><caption>Open</caption><thead><tr><th>Task<th>Owner</thead>
        <tr><td>Call <b>Ada</b><td>Bob | Eve<tr><td colspan=2><p>one</p><p>two</p><tr></table>"""

    assert html_text(page) == (
        "Open\n\n| Task | Owner |\n| --- | --- |\n| Call Ada | Bob \\| Eve |\n| one two |  |"
    )


def test_tables_that_arrange_a_page_are_plain_text() -> None:
    page = b"<table><tr><td><ul><li>Call Ada</ul><td>menu<tr><td>a<td>b</table>"

    text = html_text(page)

    assert "|" not in text
    assert "- Call Ada" in text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>HIDDEN</script>",
        "<style>HIDDEN</style>",
        "<template>HIDDEN</template>",
        "<noscript>HIDDEN</noscript>",
        "<!-- HIDDEN -->",
        "<p hidden>HIDDEN</p>",
        "<dialog>HIDDEN</dialog>",
        '<input type=hidden value="HIDDEN">',
        "<select><option>HIDDEN</select>",
        '<div style="display:none"><p>HIDDEN</p></div>',
        '<div style="color:red;DISPLAY : NONE !important">HIDDEN</div>',
        '<p style="display:/**/none">HIDDEN</p>',
        '<p style="visibility:hidden">HIDDEN</p>',
        '<p style="opacity: 0.0">HIDDEN</p>',
        '<p style="font-size:0px;line-height:0">HIDDEN</p>',
        '<p style="font-size:1px">HIDDEN</p>',
        '<p style="mso-hide:all">HIDDEN</p>',
        '<p style="position:absolute;left:-9999px">HIDDEN</p>',
        '<p style="color:#FFFFFF">HIDDEN</p>',
        "<style>.x, p.y {color:red; display:none}</style><p class='a y'>HIDDEN</p>",
        "<style>#x{visibility:hidden}</style><div id=x>HIDDEN</div>",
        "<style>@media screen{.x{display:none}}</style><b class=x>HIDDEN</b>",
        "<style>@import url(a); aside{display:none}</style><aside>HIDDEN</aside>",
    ],
)
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    text = html_text(f"<html><body>before {hidden} after".encode())

    assert text.split() == ["before", "after"]


@pytest.mark.parametrize(
    "seen",
    [
        '<p style="display:block">SEEN</p>',
        '<p style="opacity:0.9">SEEN</p>',
        '<p style="font-size:0.9em">SEEN</p>',
        '<p style="font-size:1em">SEEN</p>',
        '<p style="margin-left:-10px">SEEN</p>',
        '<p style="background:#000;color:#fff">SEEN</p>',
        '<table bgcolor="black"><tr><td><p style="color:white">SEEN</p></table>',
        '<p style="background-color:white">SEEN</p>',
        "<p aria-hidden=true>SEEN</p>",
        "<style>@media print{.x{display:none}}</style><p class=x>SEEN</p>",
        "<style>.x{display:none} .x{display:block}</style><p class=x>SEEN</p>",
        "<style>.x .y{display:none}</style><p class=y>SEEN</p>",
        "<style>.x{display:none}</style><p class=x style='display:inline'>SEEN</p>",
        "<style>.x{display:none}</style><p class=xy>SEEN</p>",
        "<details><summary>SEEN</summary></details>",
        '<input type=text value="SEEN">',
    ],
)
def test_what_a_person_sees_is_kept(seen: str) -> None:
    assert "SEEN" in html_text(seen.encode())


@pytest.mark.parametrize(
    "raw",
    [
        "Grüße".encode(),
        b"\xef\xbb\xbf" + "Grüße".encode(),
        "\ufeffGrüße".encode("utf-16-le"),
        "\ufeffGrüße".encode("utf-16-be"),
        b'<meta charset="iso-8859-1">' + "Grüße".encode("latin-1"),
        b'<META content="text/html; charset=windows-1252">' + "Grüße".encode("cp1252"),
        b"<?xml version='1.0' encoding='iso-8859-15'?><p>" + "Grüße".encode("iso-8859-15"),
        b"<meta charset=utf-16>" + "Grüße".encode(),
        b"<meta charset=no-such>" + "Grüße".encode(),
        b"<meta charset=punycode>" + "Grüße".encode(),
        b"<meta charset=zlib>" + "Grüße".encode(),
        "Grüße".encode("cp1252"),
    ],
)
def test_the_charset_is_found(raw: bytes) -> None:
    assert html_text(raw) == "Grüße"


def test_pages_of_other_scripts_and_with_nul_bytes() -> None:
    assert html_text(b"<meta charset=shift_jis>" + "日本".encode("shift_jis")) == "日本"
    assert html_text(b"<p>a\x00b</p>c") == "ab\n\nc"


def test_unclosed_elements_do_not_hide_the_rest() -> None:
    assert html_text(b"<font>a " * 1500 + b"end").endswith("a end")


def test_a_page_that_the_parser_gives_up_on_is_refused() -> None:
    with pytest.raises(RefusedError, match="document_damaged"):
        html_text(b"<div>" * 5000 + b"Call Ada")
