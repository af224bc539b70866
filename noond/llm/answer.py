"""Reads what a model answered: the envelope as a whole, each record by itself."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from noond.models.document import Candidate

_THINKING = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_FENCED = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)


class AnswerError(ValueError):
    """The answer as a whole is not what was asked for; the message can be shown to the model.

    `answer` is what it answered.
    """

    def __init__(self, message: str, *, answer: str) -> None:
        self.answer = answer
        super().__init__(message)


class TruncatedAnswer(AnswerError):
    """The answer ends before its end: records may be missing."""


def parse_answer(text: str, *, truncated: bool = False) -> list[Candidate]:
    """The candidates of an answer: `{"records": […]}`, or the bare array, perhaps in a code fence.

    A record that is not well formed becomes a candidate that the gate refuses and counts, so it
    never costs the others. Raises AnswerError when there is no such envelope, TruncatedAnswer
    when the server says that the answer was cut.
    """
    if truncated:
        raise TruncatedAnswer("the answer ran into the limit of llm.max_tokens", answer=text)
    body = _THINKING.sub("", text).strip()
    if not body.startswith(("{", "[")) and (fenced := _FENCED.search(body)):
        body = fenced[1].strip()
    if not body:
        raise AnswerError("the answer is empty", answer=text)
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        raise AnswerError("the JSON is nested too deeply", answer=text) from None
    except ValueError as error:
        raise AnswerError(f"the answer is not JSON: {error}", answer=text) from None
    records = value.get("records") if isinstance(value, dict) else value
    if not isinstance(records, list):
        raise AnswerError('the answer has no array "records"', answer=text)
    return [_candidate(record) for record in records]


def _candidate(record: Any) -> Candidate:
    if not isinstance(record, dict):
        record = {}
    table, data, quote = record.get("table"), record.get("data"), record.get("quote")
    return Candidate(
        table=table if isinstance(table, str) else "",
        data=data if isinstance(data, dict) else {},
        quote=quote if isinstance(quote, str) else "",
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
