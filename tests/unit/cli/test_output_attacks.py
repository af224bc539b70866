"""No text steers a terminal, forges a line or a column, or becomes a formula, however printed."""

from __future__ import annotations

import contextlib
import io
import json
import re
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noond.cli import output

TEXT = st.text(
    st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs"])
    | st.sampled_from("ab=+-@\x1b[]\t\r\n\x9b\u202e\u2066\u200f\U000e0041"),
    max_size=40,
)
PLAIN = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


class Screen(io.StringIO):
    """A pipe, or a terminal."""

    encoding = "utf-8"

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@contextlib.contextmanager
def stdout(*, terminal: bool) -> Iterator[Screen]:
    with contextlib.redirect_stdout(Screen(terminal=terminal)) as screen:
        yield screen


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COLUMNS", "80"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


def acting(text: str) -> set[str]:
    """What in the text is more than letters, lines and our own colours."""
    seen = {*re.sub("\x1b\\[[0-9;]*m", "", text)}
    harmful = {"\u202e", "\u2066", "\u200f", "\U000e0041", "\ufeff"} & seen
    categories = {"Cc", "Cs", "Zl", "Zp"}
    return harmful | {c for c in seen if unicodedata.category(c) in categories and c not in "\n\t"}


@PLAIN
@given(TEXT, TEXT)
def test_into_a_pipe_a_row_stays_a_row(first: str, second: str) -> None:
    with stdout(terminal=False) as pipe:
        output.print_line(first, second)
        output.print_rows(("A", "B"), [(first, second)])
        output.print_facts({"name": first, "value": second})
        output.print_text(f"  {first}: {second}")
    shown = pipe.getvalue()
    assert not acting(shown)
    assert [line.count("\t") for line in shown.split("\n")[:4]] == [1, 1, 1, 1]
    assert shown.count("\n") == 5


@PLAIN
@given(TEXT)
def test_on_a_terminal_nothing_acts(text: str) -> None:
    with stdout(terminal=True) as screen:
        output.print_rows(("A", "STATUS"), [(text, text)])
        output.print_facts({"name": f"x{text}"})
        output.print_text(f"  {text}: “quote”")
        output.print_text(text)
    shown = screen.getvalue()
    assert not acting(shown)
    assert "\t" not in shown


@PLAIN
@given(TEXT)
def test_json_is_inert_and_says_the_same(text: str) -> None:
    shown = output.to_json({"text": text, text: [text]})
    assert not acting(shown)
    assert "\t" not in shown
    assert json.loads(shown) == json.loads(json.dumps({"text": text, text: [text]}))
    shown.encode()


def test_a_text_that_begins_with_line_ends_forges_no_line() -> None:
    with stdout(terminal=True) as screen:
        output.print_text("  " + "\n\x85\u2028error: forged [internal]")
    assert screen.getvalue() == "  error: forged [internal]\n"


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("https://x.example","y")',
        "=1+1",
        "= 1+1",
        "\t=1+1",
        "\r\n=1+1",
        '"=1+1"',
        "\uff1d1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "- cmd|' /C calc'!A0",
        "+HYPERLINK(A1)",
        '-"a"&WEBSERVICE(A1)',
        "@IMPORTXML(A1)",
    ],
)
def test_a_formula_is_written_as_text(text: str) -> None:
    with stdout(terminal=False) as pipe:
        output.print_line("tasks", text)
    assert pipe.getvalue().startswith("tasks\t'")


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] Send the contract (signed) by Friday!",
        "- Call Ana: 3 | 4",
        "+49 30 901820",
        "-5 °C",
        "@ana: call Bob",
        "@",
        "--",
        "== Heading",
        "a=b",
        "x - y(z)",
    ],
)
def test_what_is_no_formula_is_uncut_and_unchanged(text: str) -> None:
    with stdout(terminal=False) as pipe:
        output.print_line(text, -5, True)
    assert pipe.getvalue() == f"{text}\t-5\tyes\n"
