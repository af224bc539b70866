"""Secrets that stand for an account: 256 random bits, shown once, stored as their SHA-256."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

API_KEY_PREFIX = "nd_live_"
OLD_API_KEY_PREFIX = "noond_"
"""How keys began before there were accounts; they work until they expire."""
DEVICE_TOKEN_PREFIX = "noondd_"  # noqa: S105 - how such tokens begin
REFRESH_TOKEN_PREFIX = "nd_refresh_"  # noqa: S105 - how such tokens begin

TICKET_PREFIX = "nd_ticket_"

_SHOWN = 6
_RANDOM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A new secret, what is stored of it, and how it begins, which may be shown."""

    secret: str
    hash: bytes
    beginning: str

    def __repr__(self) -> str:
        return f"Token({self.beginning}…)"


def new_token(prefix: str) -> Token:
    """A secret of 256 bits that begins with `prefix`."""
    secret = prefix + secrets.token_urlsafe(32)
    return Token(
        secret=secret,
        hash=hashlib.sha256(secret.encode()).digest(),
        beginning=secret[: len(prefix) + _SHOWN],
    )


def token_hash(secret: str, *prefixes: str) -> bytes | None:
    """What is stored of a secret that someone sent; None when it can't be one of these.

    A plain hash is enough: 256 random bits can't be guessed from it.
    """
    for prefix in prefixes:
        if secret.startswith(prefix) and _RANDOM.fullmatch(secret, len(prefix)):
            return hashlib.sha256(secret.encode()).digest()
    return None
