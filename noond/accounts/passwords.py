"""Passwords: hashed with argon2id (RFC 9106), a few at a time, away from the loop."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Final

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from noond.errors import Invalid

SHORTEST: Final = 10
LONGEST: Final = 1024

_AT_ONCE = 2  # each takes 64 MiB for some tens of milliseconds


class Passwords:
    """Hashes passwords and compares them. `cost` is what each guess costs, too."""

    def __init__(self, cost: Parameters = RFC_9106_LOW_MEMORY) -> None:
        self._hasher = PasswordHasher.from_parameters(cost)
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """What is stored of a password."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether this is the password. Without a hash it takes as long, and is False.

        So the time says nothing of who has an account.
        """
        if hashed is None and self._nobodys is None:
            self._nobodys = await self.hash("nobody's password")
        async with self._turn:
            known = await asyncio.to_thread(
                self._matches, hashed or self._nobodys or "", _normal(password)
            )
        return known and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def check_new(password: str, *, name: str) -> None:
    """Raise Invalid unless somebody called `name` may take this password.

    Length is what counts; rules for digits and signs only make people write passwords down
    (NIST SP 800-63B, 5.1.1.2).
    """
    if len(_normal(password)) < SHORTEST:
        raise Invalid.field("password", f"must have at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise Invalid.field("password", f"must have at most {LONGEST} characters")
    if len(set(password)) < 3 or _normal(password).casefold() == name.strip().casefold():
        raise Invalid.field("password", "is too easy to guess")


def _normal(password: str) -> str:
    # The same password typed on another machine may arrive composed in another way.
    return unicodedata.normalize("NFKC", password)
