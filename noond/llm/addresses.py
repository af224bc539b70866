"""Web and mail addresses and numbers to call or to pay to: a record may only name its source's."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from noond.llm.plain import without_invisible, without_marks

# Every repetition is bounded, so that a megabyte of base64 is read in linear time.
_PATH = r"[^\s<>\"“”„«»`\[\]{}|\\^]"
_URL = rf"(?<![^\W_])[a-z][a-z0-9+.\-]{{0,30}}://(?:\[[0-9a-f:.]{{2,45}}\])?{_PATH}*"
_SHARE = rf"(?<![:\w/\\])(?://|\\\\)\w[\w.\-]{{0,252}}[/\\](?:\\|{_PATH})*"
_OPAQUE = (
    r"(?<![^\W_])(?:mailto|javascript|vbscript|livescript|data|file|tel|sms|callto|facetime|skype"
    rf"|sips?|xmpp|magnet|intent|blob|view-source|ms-[a-z]{{2,30}}):(?=\S){_PATH}+"
)
_MAIL = r"(?<![\w.+%\-])[\w.+%\-]{1,64}@(?:[\w\-]{1,63}\.){1,30}[\w\-]{2,63}"
# After the full stop that ends a Chinese or Japanese sentence only a Latin word can be a domain.
_HOST = (
    r"(?<![\w\-])(?<!\w\.)(?:(?:(?:[\w\-]{1,63}[.。]){1,30}(?:[a-z]{2,24}|xn--[a-z0-9\-]{1,59})"
    r"|(?:[\w\-]{1,63}\.){1,30}[^\W\d_]{2,24}|(?:\d{1,3}\.){3}\d{1,3})(?![\w\-])|localhost(?=[:/]))"
    rf"(?::\d{{1,5}})?(?:[/?#]{_PATH}*)?"
)
_ADDRESS = re.compile(
    f"(?P<url>{_URL}|{_SHARE})|(?P<opaque>{_OPAQUE})|(?P<mail>{_MAIL})|(?P<host>{_HOST})",
    re.IGNORECASE,
)
_WEB = re.compile(r"^https?://", re.IGNORECASE)
_AUTHORITY = re.compile(r"^(?:[a-z][a-z0-9+.\-]*:)?(?://)?([^/?#\s]+)", re.IGNORECASE)
_TRAILING = ".,;:!?'’*_~…"  # noqa: RUF001 - typographic marks end a sentence too

# Ways to write an address so that a program overlooks it and a person does not.
_TOP = r"(?:com|net|org|biz|xyz|ru|cn)\b"
_DOT = r"(?:dot|punkt|point|punto|ponto)"
_APART = r"(?:\s{1,3}\.\s{0,3}|\s{0,3}\.\s{1,3})"
_OPEN, _SHUT = r"\s{0,3}[\[({<]\s{0,3}", r"\s{0,3}[\])}>]\s{0,3}"
_WORDS_APART = rf"\s{{1,3}}{_DOT}\s{{1,3}}"
_DISGUISES = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), meant)
    for pattern, meant in (
        (rf"{_OPEN}(?:\.|{_DOT}){_SHUT}", "."),
        (rf"{_OPEN}(?:@|at|arroba){_SHUT}", "@"),
        (r"<!--.{0,200}?-->|</?[a-z][^<>]{0,200}>|[*`\\]|__|~~", ""),
        (rf"(?<=\w){_WORDS_APART}(?=(?:[\w\-]{{1,63}}{_WORDS_APART}){{0,4}}{_TOP})", "."),
        # After a sentence "Com…" is a word.
        (rf"(?-i:(?<=\w){_APART}(?=(?:[\w\-]{{1,63}}{_APART}){{0,4}}{_TOP}))", "."),
        (r"(?<=\w)\s{1,3}\.\s{1,3}(?=\w)", "."),
        (r"(?<=\w)\s{1,3}@\s{1,3}(?=\w)", "@"),
    )
)
_SPACED_OUT = re.compile(
    rf"(?:h(?:tt|xx)ps?|ftps?|wss?)://({_PATH}+)|(?:java|vb|live)script:", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")
_PIECE = 16_384

_DAY = re.compile(
    r"(?<!\d)(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d(?::?\d\d)?)?"
    r"|\d{1,2}([./\-])\d{1,2}\1\d{2,4})(?!\d)"
)
_NUMBER = re.compile(r"[+(]?\d(?:[ ().\-/]{0,3}\d){6,40}")
_LONG_NUMBER = 9
"""Digits from which on a number is one to call or to pay to; a leading +, ( or 0 makes seven do."""


class Addresses:
    """The addresses and long numbers of one source text."""

    def __init__(self, text: str) -> None:
        self._known: set[str] = set()
        squeezed: list[str] = []
        digits: list[str] = []
        for piece in _pieces(text):
            plain, *together = _readings(piece)
            self._learn(plain)
            for reading in together:
                self._learn(reading, with_ends=True)
            squeezed.append(_squeezed(piece))
            digits.append(_digits(piece))
        self._prefixes = tuple(address.lower() for address in self._known)
        self._squeezed = "".join(squeezed)
        self._digits = " ".join(digits)

    def foreign(self, text: str) -> str | None:
        """What the text names that the source lacks: a `url`, an `email` or a `number`, if any."""
        for reading in _readings(text):
            for kind, address in _addresses(reading):
                if address not in self._known:
                    return "email" if kind == "mail" else "url"
        for found in _SPACED_OUT.finditer(_squeezed(text)):
            rest = found[1] or found[0]
            if not rest.startswith(self._prefixes) and rest not in self._squeezed:
                return "url"
        return "number" if any(n not in self._digits for n in _numbers(text)) else None

    def _learn(self, reading: str, *, with_ends: bool = False) -> None:
        """Learn a reading's addresses and their hosts.

        `with_ends`: also what is left of a host without its first labels, for these may be the
        end of the sentence before it.
        """
        for kind, address in _addresses(reading):
            self._known.add(address)
            if kind == "opaque":
                continue
            head = _AUTHORITY.match(address)
            host = (head[1] if head else address).rpartition("@")[2].lower()
            self._known.add(host)
            if with_ends:
                labels = host.split(".")
                self._known.update(".".join(labels[n:]) for n in range(1, len(labels) - 1))


def has_address(text: str) -> bool:
    """Whether the text names any address or long number."""
    return (
        any(next(_addresses(reading), None) is not None for reading in _readings(text))
        or _SPACED_OUT.search(_squeezed(text)) is not None
        or next(_numbers(text), None) is not None
    )


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that end with white space, if there is any not too far.

    A pattern is applied without a pause: to a large text at once it would hold up the daemon.
    """
    start = 0
    while start < len(text):
        end = start + _PIECE
        if end < len(text) and (space := _SPACE.search(text, end, end + _PIECE)):
            end = space.end()
        yield text[start:end]
        start = end


def _readings(text: str) -> tuple[str, ...]:
    """The text as it stands, and as a person or a page puts it together when that differs."""
    plain = unicodedata.normalize("NFKC", without_invisible(text))
    together = without_marks(
        unicodedata.normalize("NFKC", without_invisible(html.unescape(text))), kept=0
    )
    for disguise, meant in _DISGUISES:
        together = disguise.sub(meant, together)
    return (plain,) if together == plain else (plain, together)


def _addresses(reading: str) -> Iterator[tuple[str, str]]:
    """(kind, address) in the form in which addresses are compared.

    Without http(s):// and a closing slash; scheme and host in lower case, a path as it is.
    """
    for match in _ADDRESS.finditer(reading):
        kind = str(match.lastgroup)
        address = _WEB.sub("", _trimmed(match[0]).replace("。", ".")).removesuffix("/")
        if kind == "opaque" and address[:7].lower() == "mailto:" and "?" not in address:
            kind, address = "mail", address[7:]
        if kind == "mail":
            address = address.lower()
        elif head := _AUTHORITY.match(address):
            address = head[0].lower() + address[head.end() :]
        yield kind, address


def _squeezed(text: str) -> str:
    """Without any white space and case: an address may be s p a c e d out, or broken by lines."""
    return " ".join(_SPACE.sub("", reading).lower() for reading in _readings(text))


def _numbers(text: str) -> Iterator[str]:
    """The digits of each number that is long enough to be called or paid to, no date."""
    for match in _NUMBER.finditer(_DAY.sub(" ; ", unicodedata.normalize("NFKC", text))):
        digits = _ascii_digits(match[0])
        if len(digits) >= _LONG_NUMBER or match[0][0] in "+(" or digits[0] == "0":
            yield digits


def _digits(text: str) -> str:
    """All digits of a text, a gap where two of them belong to different numbers."""
    plain = unicodedata.normalize("NFKC", text)
    return " ".join(map(_ascii_digits, re.findall(r"\d(?:[ ().\-/]{0,3}\d)*", plain)))


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.digit(character)) for character in text if character.isdecimal())


def _trimmed(address: str) -> str:
    """The address without the sentence around it: up to a bracket that nothing opened."""
    depth = 0
    for place, character in enumerate(address):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            address = address[:place]
            break
    return address.rstrip(_TRAILING)
