"""Web and mail addresses in a text: a record may only name those that its source names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from noond.llm.plain import without_invisible

# Every repetition is bounded, so that a megabyte of base64 is read in linear time.
_URL = r"(?<![^\W_])[a-z][a-z0-9+.\-]{0,30}://(?:\[[0-9a-f:.]{2,45}\])?[^\s<>\"“”„«»`\[\]{}|\\^]*"
_OPAQUE = (
    r"(?<![^\W_])(?:mailto|javascript|vbscript|data|file|tel|sms):"
    r"(?=\S)[^\s<>\"“”„«»`\[\]{}|\\^]+"
)
_MAIL = r"(?<![\w.+%\-])[\w.+%\-]{1,64}@(?:[\w\-]{1,63}\.){1,30}[\w\-]{2,63}"
_HOST = (
    r"(?<![\w.\-])(?:(?:[\w\-]{1,63}\.){1,30}(?:[a-z]{2,24}|xn--[a-z0-9\-]{1,59})"
    r"|(?:\d{1,3}\.){3}\d{1,3})(?![\w\-])(?::\d{1,5})?(?:[/?#][^\s<>\"“”„«»`\[\]{}|\\^]*)?"
)
_ADDRESS = re.compile(f"(?P<url>{_URL})|(?P<opaque>{_OPAQUE})|(?P<mail>{_MAIL})|(?P<host>{_HOST})")
_WEB = re.compile(r"^https?://")
_AUTHORITY = re.compile(r"^(?:[a-z][a-z0-9+.\-]*:)?(?://)?([^/?#\s]+)")
_TRAILING = ".,;:!?'’*_~…"  # noqa: RUF001 - typographic marks end a sentence too
_FULL_STOPS = str.maketrans({"。": ".", "｡": "."})


class Addresses:
    """The addresses of one source text."""

    def __init__(self, text: str) -> None:
        self._known: set[str] = set()
        for kind, address in _addresses(text):
            self._known.add(address)
            if kind in {"url", "host"} and (host := _AUTHORITY.match(address)):
                self._known.add(host[1].rpartition("@")[2])
            elif kind == "mail":
                self._known.add(address.rpartition("@")[2])

    def foreign(self, text: str) -> str | None:
        """What kind of address (`url` or `email`) the text has that the source lacks, if any."""
        for kind, address in _addresses(text):
            if address not in self._known:
                return "email" if kind == "mail" else "url"
        return None


def has_address(text: str) -> bool:
    """Whether the text names any address."""
    return next(_addresses(text), None) is not None


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    """(kind, address) in the form in which addresses are compared: http(s):// left out."""
    readable = unicodedata.normalize("NFKC", without_invisible(text).translate(_FULL_STOPS))
    for match in _ADDRESS.finditer(readable.lower()):
        kind, address = str(match.lastgroup), _WEB.sub("", _trimmed(match[0])).removesuffix("/")
        if address.startswith("mailto:") and "?" not in address:
            kind, address = "mail", address.removeprefix("mailto:")
        yield kind, address


def _trimmed(address: str) -> str:
    """The address without the sentence around it: up to a bracket that nothing opened."""
    depth = 0
    for place, character in enumerate(address):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            address = address[:place]
            break
    return address.rstrip(_TRAILING)
