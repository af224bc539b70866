"""What a stored password costs to guess."""

from __future__ import annotations

from argon2 import extract_parameters
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY

from noond.accounts.passwords import Passwords

PASSWORD = "correct horse battery"


async def test_a_stored_password_is_as_dear_as_the_rfc_wants() -> None:
    passwords = Passwords()
    hashed = await passwords.hash(PASSWORD)
    assert extract_parameters(hashed) == RFC_9106_LOW_MEMORY
    assert not passwords.is_outdated(hashed)
    assert await passwords.verify(hashed, PASSWORD)


async def test_a_cheaper_one_is_outdated() -> None:
    hashed = await Passwords(CHEAPEST).hash(PASSWORD)
    assert Passwords().is_outdated(hashed)
    assert await Passwords().verify(hashed, PASSWORD)
