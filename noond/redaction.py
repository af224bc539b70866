"""What a log may keep of a request: short, on one line, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from noond.inert import inert

MASK: Final = "[secret]"

TEXT_LENGTH: Final = 300
_JSON_LENGTH: Final = 4000
_MOST_ITEMS: Final = 50
_DEEPEST: Final = 6

_SECRET: Final = re.compile(
    r"(?:nd_live_|nd_refresh_|noondd_|noond_)[A-Za-z0-9_-]{16,}"  # noond's own
    r"|eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"  # a JWT
    r"|(?<=Bearer )\S+|(?<=bearer )\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
_SECRET_NAME: Final = re.compile(
    r"passw|secret|token|api[_-]?key|authorization|cookie|private[_-]?key", re.IGNORECASE
)
_PAIRING_CODE: Final = re.compile(r"[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}")
_HARMLESS_HEADERS: Final = frozenset(
    {"accept", "accept-language", "content-length", "content-type", "host", "origin", "user-agent"}
)


def safe_text(text: str, *, length: int = TEXT_LENGTH) -> str:
    """The text in one inert line, known kinds of secrets masked, cut at `length` characters."""
    # Masked before it is cut: half a secret is not known as one.
    shown = inert(_SECRET.sub(MASK, text)[: length + 1].replace("\t", " "))
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def safe_json(value: Any) -> str | None:
    """The value as JSON, its texts safe, what is called a secret masked; None for nothing.

    A value that is too large is told by its fields' names alone.
    """
    if value is None or value == {}:
        return None
    text = json.dumps(_safe(value, 0), ensure_ascii=False, separators=(",", ":"), default=str)
    if len(text) <= _JSON_LENGTH:
        return text
    names = list(value)[:_MOST_ITEMS] if isinstance(value, Mapping) else []
    return json.dumps({"too_large": [safe_text(str(name), length=50) for name in names]})


def safe_headers(headers: Mapping[str, str]) -> str:
    """The headers as JSON: the values of harmless ones, of the others only that they were sent."""
    shown = {
        safe_text(name, length=50): safe_text(value) if name.lower() in _HARMLESS_HEADERS else MASK
        for name, value in list(headers.items())[:_MOST_ITEMS]
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _safe(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {
            safe_text(str(name), length=100): MASK
            if _is_secret(str(name), item)
            else _safe(item, depth + 1)
            for name, item in list(value.items())[:_MOST_ITEMS]
        }
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_safe(item, depth + 1) for item in value[:_MOST_ITEMS]]
    return safe_text(str(value))


def _is_secret(name: str, value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if name == "code":
        return _PAIRING_CODE.fullmatch(value) is not None
    return _SECRET_NAME.search(name) is not None
