"""Mail files: MIME decoded, HTML made readable, quoted history and signatures cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from noond.llm.embedded.html_body import html_to_text

_HEADERS = ("Subject", "From", "To", "Cc", "Date")
_PART_LIMIT = 100
_EMLX_COUNT = re.compile(r"\A\d{1,12}[ \t]*\r?\n")
_SIGNATURE = re.compile(r"-- ?$")
_DEVICE = re.compile(
    r"(?:sent from my|get outlook for|von meinem .{1,30} gesendet|gesendet von"
    r"|envoyé de(?:puis)? mon"
    r"|enviado desde (?:mi|el)|sent via)\b.{0,60}$",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(
    r"(?:on\s.{4,200}\swrote|am\s.{4,200}\sschrieb.{0,100}|le\s.{4,200}\sa\sécrit"
    r"|el\s.{4,200}\sescribió"
    r"|.{2,100}\s(?:wrote|schrieb|a\sécrit|escribió)(?:\s(?:am|on|le|el)\s.{4,80})?)\s?:\s*$",
    re.IGNORECASE,
)
_DIVIDER = re.compile(
    r"[ \t]*(?:-{2,}\s?(?:original message|forwarded message|ursprüngliche nachricht"
    r"|original-nachricht|weitergeleitete nachricht"
    r"|message d'origine|message original|message transféré"
    r"|mensaje original|mensaje reenviado)\s?:?-{0,20}|begin forwarded message:"
    r"|anfang der weitergeleiteten nachricht:|début du message (?:transféré|réexpédié)\s?:)[ \t]*$",
    re.IGNORECASE,
)
_OUTLOOK_FROM = re.compile(r"[*_]{0,2}(?:from|von|de)\s?:[*_]{0,2}\s.{2,200}$", re.IGNORECASE)
_OUTLOOK_NEXT = re.compile(
    r"[*_]{0,2}(?:sent|gesendet|date|datum|envoyé|enviado(?:\sel)?|fecha|to|an|à|para)\s?:",
    re.IGNORECASE,
)


def mail_text(raw: str) -> str:
    """A mail's readable text: its headers that matter, an empty line, its body.

    A body that can't be decoded is left out. Never raises.
    """
    raw = _EMLX_COUNT.sub("", raw)
    try:
        message = message_from_bytes(raw.encode("utf-8", "replace"), policy=policy.compat32)
        head = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
        body = _body(message)
    except (MessageError, ValueError, LookupError, RecursionError, AssertionError, TypeError):
        return raw
    if not head:
        return raw
    return "\n".join(head) + "\n\n" + cut_history(body).strip() + "\n"


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    try:
        text = str(make_header(decode_header(str(value))))
    except (ValueError, LookupError, MessageError):
        text = str(value)
    return " ".join(text.split())[:1000]


def _body(message: Message) -> str:
    plain: list[str] = []
    markup: list[str] = []
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == "text/plain":
            plain.append(_decoded(part))
        elif kind == "text/html":
            markup.append(_decoded(part))
    text = "\n\n".join(plain)
    return text if text.strip() else "\n\n".join(html_to_text(one) for one in markup)


def _parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """The parts that are the mail's own text: no attachments, no mails inside the mail."""
    if message.get_content_type() == "message/rfc822" or depth > 10:
        return
    if message.get_content_disposition() == "attachment":
        return
    payload = message.get_payload()
    if isinstance(payload, list):
        for part in payload[:_PART_LIMIT]:
            if isinstance(part, Message):
                yield from _parts(part, depth + 1)
    elif message.get_content_maintype() == "text":
        yield message


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    charset = part.get_content_charset() or "utf-8"
    if encoding not in ("quoted-printable", "base64"):
        charset = "utf-8"  # the file was read as UTF-8: so are the bytes that stand in it as such
    try:
        text = payload.decode(charset, "replace")
    except LookupError:
        text = payload.decode("utf-8", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _reflowed(text) if part.get_param("format") == "flowed" else text


def _reflowed(text: str) -> str:
    """RFC 3676: a line that ends in a space goes on in the next."""
    return re.sub(r"(?<=\S) \n(?=[^\s>-])", " ", text)


def cut_history(text: str) -> str:
    """A mail's body without what others wrote before, and without its signature."""
    kept: list[str] = []
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        line = lines[index].replace("\xa0", " ")
        stripped = line.strip()
        if not stripped:
            kept.append("")
            index += 1
            continue
        if _SIGNATURE.match(line) or _DIVIDER.match(line) or _is_outlook_head(lines, index):
            break
        skipped = _attribution_length(lines, index)
        if skipped:
            if not _is_quoted_after(lines, index + skipped):
                break
            index += skipped
            continue
        if not stripped.startswith(">") and not (len(stripped) < 100 and _DEVICE.match(stripped)):
            kept.append(line)
        index += 1
    return "\n".join(kept)


def _attribution_length(lines: list[str], index: int) -> int:
    """How many lines `On … wrote:` takes here; 0 when it does not stand here."""
    first = lines[index].strip()
    if not 4 < len(first) < 300:
        return 0
    if first.endswith(":") and _ATTRIBUTION.match(first):
        return 1
    if index + 1 < len(lines) and re.match(r"(?:on|am|le|el)\s.*\d", first, re.IGNORECASE):
        both = f"{first} {lines[index + 1].strip()}"
        if len(both) < 300 and both.endswith(":") and _ATTRIBUTION.match(both):
            return 2
    return 0


def _is_quoted_after(lines: list[str], index: int) -> bool:
    following = next((line.strip() for line in lines[index : index + 4] if line.strip()), "")
    return following.startswith(">")


def _is_outlook_head(lines: list[str], index: int) -> bool:
    """`From: … Sent: … To: …` in the middle of a body begins the mail before."""
    if not _OUTLOOK_FROM.match(lines[index].strip()[:300]):
        return False
    return any(_OUTLOOK_NEXT.match(line.strip()) for line in lines[index + 1 : index + 3])
