"""What a machine wrote: lines of a log, by their shape.

A time with seconds beside a level or a process, a level by itself at the start, `key=value` pairs,
JSON. People write times too, so a time alone is not enough.
"""

from __future__ import annotations

import re

_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|SEVERE|PANIC)"
_DAY = r"(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d[./-]\d\d[./-]\d{4}|\d\d/[A-Z][a-z]{2}/\d{4})"
_SECONDS = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|\s?[+-]\d\d:?\d\d)?"
_TIME = rf"\[?(?:{_DAY}[T :])?{_SECONDS}\]?"
_LOGGED = re.compile(
    rf"\[?\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d\S*\s+[\[(<]?{_LEVEL}\b"
    # A time with seconds, then a level, a bracketed word or a process.
    rf"|{_TIME}[:,;|-]?\s+(?:[\[(<]?(?i:{_LEVEL})[\])>:|\s]|\[[\w .:/-]{{1,40}}\]\s"
    r"|[\w./@-]{1,60}\s?\[\d{1,9}\]:|[\w-]{1,60}\s[\w./-]{1,60}\[\d{1,9}\]:\s)"
    r"|[A-Z][a-z]{2}\s{1,2}\d{1,2}\s\d\d:\d\d:\d\d\s\S{1,80}\s\S{1,80}:"
    rf"|\[{_LEVEL}\]|\[(?i:{_LEVEL})\]\s|{_LEVEL}\s{{1,5}}[\w./-]{{1,80}}(?:\[\d{{1,9}}\])?:"
    rf"|{_LEVEL}:[\w.]{{1,80}}:|{_LEVEL}\s*\[[^\[\]]{{1,60}}\]"
    r"|[IWEF]\d{4}\s\d\d:\d\d:\d\d"
    r"|npm\s(?:WARN|ERR!)"
    r"|(?:time|ts|level|lvl)=\S|\{\"(?:level|ts|time|timestamp|msg|message|severity|@timestamp)\":"
    r"|\d{1,3}(?:\.\d{1,3}){3}\s\S+\s\S+\s\[",
)
_FIRST_LINES = 200
_OPENING = 20


def is_logged(line: str) -> bool:
    """Whether a machine wrote the line into a log."""
    return bool(_LOGGED.match(line))


def is_log(text: str) -> bool:
    """Whether nearly all (first) lines are a log's: what stands between them is output too."""
    lines = [line for line in text[:40_000].split("\n", _FIRST_LINES) if line.strip()]
    if not any(map(is_logged, lines[:_OPENING])):
        return False
    return 5 * sum(map(is_logged, lines)) > 4 * len(lines)
