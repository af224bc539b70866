from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from noond.cli import output


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def colourful(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COLUMNS", "80"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@contextlib.contextmanager
def terminal() -> Iterator[Terminal]:
    """stdout as a terminal of 80 columns."""
    with contextlib.redirect_stdout(Terminal()) as screen:
        yield screen


FOREIGN = "red\x1b[31m\nnext\tcell \u202etxt.exe \x9b2J"


def test_foreign_text_is_one_inert_line() -> None:
    shown = output.one_line(FOREIGN)
    assert not any(character in shown for character in "\x1b\n\t\u202e\x9b")
    assert shown.startswith("red\\x1b[31m next cell")


def test_json_is_inert_and_says_the_same() -> None:
    shown = output.to_json({"text": FOREIGN})
    assert not any(character in shown for character in "\x1b\t\u202e\x9b")
    assert json.loads(shown) == {"text": FOREIGN}


def test_rows_into_a_pipe_are_uncut(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_rows(("NAME", "STATUS"), [("x" * 200, "error"), (FOREIGN, None)])
    first, second = capsys.readouterr().out.splitlines()
    assert first == "x" * 200 + "\terror"
    assert second.count("\t") == 1


def test_rows_on_a_terminal_fit_and_lose_nothing() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    with terminal() as screen:
        output.print_rows(("ID", "NAME", "STATUS"), [("0" * 36, words, "error")])
    lines = _without_colour(screen.getvalue()).splitlines()
    assert max(map(len, lines)) <= 80
    assert "0" * 36 in lines[1]
    assert all(f"word{number}" in " ".join(lines) for number in range(60))


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal() as screen:
        output.print_rows(("STATUS",), [("error",)])
    assert "\x1b[31m" in screen.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal() as screen:
        output.print_rows(("STATUS",), [("error",)])
    assert "\x1b[31m" not in screen.getvalue()


def test_markup_in_foreign_text_is_only_text() -> None:
    with terminal() as screen:
        output.print_rows(("NAME",), [("[bold]x[/bold] :smile:",)])
        output.print_facts({"name": "[link=http://x]y[/link]"})
    shown = _without_colour(screen.getvalue())
    assert "[bold]x[/bold] :smile:" in shown
    assert "[link=http://x]y[/link]" in shown


def test_text_wraps_at_the_terminals_edge_and_keeps_its_indent() -> None:
    with terminal() as screen:
        output.print_text("  " + "word " * 40)
    lines = screen.getvalue().splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 80 and line.startswith("  word") for line in lines)


def test_facts_without_a_value_are_left_out_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with terminal() as screen:
        output.print_facts({"cron": None, "name": "notes"})
    assert "cron" not in screen.getvalue()
    output.print_facts({"cron": None, "name": "notes"})
    assert capsys.readouterr().out == "cron\t\nname\tnotes\n"


def test_a_day_is_told_in_its_zone() -> None:
    midnight_in_berlin = 1795734000000
    assert output.local_day(midnight_in_berlin, ZoneInfo("Europe/Berlin")) == "2026-11-27"
    assert output.local_day(midnight_in_berlin, ZoneInfo("UTC")) == "2026-11-26"
    assert output.local_day(None) == ""
    assert output.local_day(10**18, ZoneInfo("UTC")) == "1000000000000000000 ms"


def _without_colour(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)
