"""Secrets that stand for an account: 256 random bits, shown once, stored as their SHA-256."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

API_KEY_PREFIX = "noond_"
DEVICE_TOKEN_PREFIX = "noondd_"  # noqa: S105 - how such tokens begin

_SECRET = re.compile(r"noondd?_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A new secret, and what is stored of it."""

    secret: str
    hash: bytes

    def __repr__(self) -> str:
        return "Token(…)"


def new_token(prefix: str) -> Token:
    """A secret of 256 bits that begins with `prefix`."""
    secret = prefix + secrets.token_urlsafe(32)
    return Token(secret=secret, hash=hashlib.sha256(secret.encode()).digest())


def token_hash(secret: str, prefix: str) -> bytes | None:
    """What is stored of a secret that someone sent; None when it can't be one of these.

    A plain hash is enough: 256 random bits can't be guessed from it.
    """
    if not secret.startswith(prefix) or _SECRET.fullmatch(secret) is None:
        return None
    return hashlib.sha256(secret.encode()).digest()
