"""Chat exports (WhatsApp, Telegram, Slack, Discord, IRC): each message as its sender's words."""

from __future__ import annotations

from dataclasses import replace

from noond.llm.dates.stamps import Stamp, chat_stamps
from noond.llm.embedded.logs import is_logged
from noond.llm.embedded.names import People
from noond.llm.embedded.outline import Line, outline
from noond.llm.embedded.prose import read_prose
from noond.llm.embedded.reading import Reading
from noond.models.document import Candidate

_LINES_EACH = 8
_MESSAGE_LIMIT = 20_000


def find_chat(text: str) -> list[Stamp]:
    """The messages' heads when the text is a chat: two or more, and one for every eight lines."""
    stamps = chat_stamps(text)
    if not stamps or is_logged(text[stamps[0].start :][:100]):
        return []
    lines = sum(1 for line in text.split("\n") if line.strip())
    return stamps if len(stamps) * _LINES_EACH >= lines else []


def read_chat(reading: Reading, stamps: list[Stamp]) -> list[Candidate]:
    """The records of all messages."""
    people = People(reading.text, others=(stamp.sender for stamp in stamps))
    made: list[Candidate] = []
    ends = [*(stamp.start for stamp in stamps[1:]), len(reading.text)]
    for stamp, end in zip(stamps, ends, strict=True):
        if end - stamp.end > _MESSAGE_LIMIT:
            continue
        moment = reading.dates.moment(stamp.written)
        said = replace(reading, people=people, speaker=stamp.sender)
        if moment:
            said = said.at(moment, stamp.sender)
        made += read_prose(_lines(reading.text, stamp.end, end), said)
    return made


def _lines(text: str, start: int, end: int) -> list[Line]:
    """The outline of a message, placed in the document."""
    return [
        replace(
            line,
            start=line.start + start,
            end=line.end + start,
            body_start=line.body_start + start,
        )
        for line in outline(text[start:end], markdown=False)
    ]
