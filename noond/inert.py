"""Text from elsewhere, made harmless for a terminal or a log."""

from __future__ import annotations

import re
from typing import Final

HARMFUL: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # control characters but the tab
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # directions, unseen
    "\ud800-\udfff\U000e0000-\U000e0fff]"  # halves of pairs, tags
)
"""A character that steers a terminal, begins a line, turns the writing around or is not seen."""


FORMULA: Final = re.compile(
    r'"*(?:[=＝](?!=)|[+\-@＋－＠](?:\d[\d.,]*[+\-*/^]'
    r'|(?:[\d\s.,+\-*/^&()]|"[^"]*")*[A-Za-z_][\w.]*\(|[^|]*\|[^!]*!))'
)
"""What a spreadsheet computes or runs instead of showing it: a formula, a call, a DDE link."""


def inert(text: str) -> str:
    """The text with its harmful characters spelled out.

    What noond prints or logs may come from a document or a device: it must neither forge a
    second log line nor steer a terminal.
    """
    return HARMFUL.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
