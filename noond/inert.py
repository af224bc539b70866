"""Text from elsewhere, made harmless for a terminal or a log."""

from __future__ import annotations

_CONTROL = {
    code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 0x09
} | {
    code: f"\\u{code:04x}"
    for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def inert(text: str) -> str:
    """The text with control, line-separating and direction-changing characters spelled out.

    What noond prints or logs may come from a document or a device: it must neither forge a
    second log line nor steer a terminal.
    """
    return text.translate(_CONTROL)
