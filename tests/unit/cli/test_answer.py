from __future__ import annotations

import pytest

from noond.cli.answer import WrittenAnswer
from noond.cli.flowing_text import FlowingText


class Paper:
    """What was printed, piece by piece; `|` is a fresh line."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def fresh_line(self) -> None:
        self.text += "|"


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def answer(paper: Paper) -> WrittenAnswer:
    written = WrittenAnswer(paper)
    written.begin("")
    written.add("Let me look.")
    return written


def test_what_counts_already_is_not_printed_again(answer: WrittenAnswer, paper: Paper) -> None:
    answer.begin("Let me look. Two")
    answer.add(" runs.")
    answer.finish("Let me look. Two runs.")
    assert paper.text == "Let me look. Two runs."


def test_what_is_written_again_word_for_word_is_not_printed_again(
    answer: WrittenAnswer, paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    answer.begin("")
    answer.add("Let me")
    answer.add(" look. Two runs.")
    answer.finish("Let me look. Two runs.")
    assert paper.text == "Let me look. Two runs."
    assert capsys.readouterr().err == ""


def test_what_is_void_is_said_and_the_rest_begins_a_line(
    answer: WrittenAnswer, paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    answer.add(" Two runs, both")
    answer.begin("Let me look.")
    answer.add(" Two records.")
    answer.finish("Let me look. Two records.")
    assert paper.text == "Let me look. Two runs, both| Two records."
    assert capsys.readouterr().err == (
        "What was written after “…Let me look.” does not count. It goes on there:\n"
    )


def test_an_end_before_what_was_written_is_said(
    answer: WrittenAnswer, paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    answer.add(" Two runs, both")
    answer.begin("Let me look.")
    answer.finish("Let me look. Two runs")
    assert paper.text == "Let me look. Two runs, both|"
    assert capsys.readouterr().err == (
        "What was written after “…Let me look. Two runs” does not count.\n"
    )


def test_an_answer_that_begins_otherwise_is_printed_whole(
    answer: WrittenAnswer, paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    answer.begin("")
    answer.add("No runs.")
    answer.finish("No runs.")
    assert paper.text == "Let me look.|No runs."
    assert "What was written so far does not count. The answer is:" in capsys.readouterr().err


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_text_is_wrapped_at_words_however_it_comes(
    size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "The last run of Garden read 3 files.\r\n\n  - a\x1b[2Jb\n\n日本語の文字 これは長い\n"
    screen = FlowingText()
    for start in range(0, len(text), size):
        screen.write(text[start : start + size])
    screen.fresh_line()
    screen.write("\n\nEnd")
    screen.fresh_line()
    assert capsys.readouterr().out.split("\n") == [
        "The last run of", "Garden read 3 files.", "", "  - a\\x1b[2Jb", "",
        "日本語の文字", "これは長い", "End", "",
    ]  # fmt: skip
