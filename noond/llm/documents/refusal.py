"""Why a document gives no text: the codes that parent and child share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OK: Final = "ok"
UNSUPPORTED: Final = "unsupported_document"
TOO_SLOW: Final = "document_too_slow"
TOO_LARGE: Final = "document_too_large"
DAMAGED: Final = "document_damaged"
ENCRYPTED: Final = "document_encrypted"
NO_TEXT: Final = "document_has_no_text"
CONVERTER_MISSING: Final = "converter_missing"

# The parent words the message by itself: what a child says after reading a document is not trusted.
MESSAGES: Final[Mapping[str, str]] = {
    UNSUPPORTED: "Documents of this kind are not converted.",
    TOO_SLOW: "The document takes too long to convert.",
    TOO_LARGE: "The document needs too much memory or holds too much text.",
    DAMAGED: "The document is damaged or nested too deeply.",
    ENCRYPTED: "The document is protected by a password.",
    NO_TEXT: "The document holds no text; it may be a scan.",
    CONVERTER_MISSING: "Reading PDF, DOCX and HTML needs: pip install noond[documents]",
}


class RefusedError(Exception):
    """The document gives no text, for the reason `code`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)
