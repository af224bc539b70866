"""One event is one line in both styles, whatever a document, a device or an exception says."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noond.log import configure_logging

EVIL = "a\r\n2026-11-20T12:00:00Z [info     ] login_ok user=root\x1b[2J\x9b\u202e\u2028b\x00"
STYLES: tuple[Literal["json", "console"], ...] = ("json", "console")

Style = Literal["json", "console"]


class Talkative:
    """Its `repr` is somebody else's text."""

    def __repr__(self) -> str:
        return EVIL


def fail() -> None:
    """Raise an error that has a cause, both with somebody else's text."""
    try:
        dict[str, str]()[EVIL]
    except KeyError as error:
        raise ValueError(EVIL) from error


@pytest.fixture(autouse=True)
def logging_is_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that was logged since."""
    text = capsys.readouterr().err
    assert text.endswith("\n")
    line = text.removesuffix("\n")
    assert len(line.splitlines()) == 1
    assert not {"Cc", "Zl", "Zp"} & {unicodedata.category(c) for c in line if c != "\t"}
    assert not {"\u202e", "\u2066"} & {*line}
    return line


@pytest.mark.parametrize("style", STYLES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "L"]), max_size=30))
def test_no_value_breaks_the_line(
    style: Style, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    configure_logging(level="info", style=style)
    structlog.get_logger("x").info("event", path=text, more=[text, {text: (text,)}])
    assert "event" in logged(capsys)
    logging.getLogger("library").warning("said %s", text)
    assert "said" in logged(capsys)


@pytest.mark.parametrize("style", STYLES)
def test_no_object_breaks_the_line(style: Style, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="info", style=style)
    structlog.get_logger("x").info("event", one=Talkative(), many=[Talkative()], why=OSError(EVIL))
    assert "login_ok" in logged(capsys)


@pytest.mark.parametrize("style", STYLES)
def test_no_exception_forges_an_event(style: Style, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="info", style=style)
    try:
        fail()
    except ValueError:
        structlog.get_logger("x").exception("file_failed", file=EVIL)
        line = logged(capsys)
        logging.getLogger("library").exception("task failed", stack_info=True)
        assert "ValueError" in logged(capsys)
    assert "test_log.py" in line
    assert "KeyError" in line
    assert "ValueError" in line


def test_a_json_line_keeps_shapes_and_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="info", style="json")
    structlog.get_logger("x").info(
        "event", n=1, ratio=0.5, none=None, yes=True, many=("a", {"b": 2})
    )
    event = json.loads(logged(capsys))
    assert (event["n"], event["ratio"], event["none"], event["yes"]) == (1, 0.5, None, True)
    assert event["many"] == ["a", {"b": 2}]
