"""Pairing: a short code, made by an administrator, lets one device in.

A code is 8 characters of Crockford's base32 (40 bits): one use, five minutes, five tries. A guess
does not say which code it aims at, so a try is counted where the first half is right, and where
the code is right but meant for another device. All other guessing is bounded by the rate per
address, which the API checks before the code.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from noond.accounts.vault import Vault
from noond.clock import Clock, new_id
from noond.errors import Conflict
from noond.models.account import PairingCode
from noond.store import devices, pairing
from noond.store.rows import Transaction

CODE_LIFETIME = timedelta(minutes=5)
CODE_TRIES = 5

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
_HALF = 4
_READ_AS = str.maketrans("OIL", "011", "- ")
KEPT_AFTER_EXPIRY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCode:
    """A code as it is shown once: `text` is `XXXX-XXXX`."""

    id: str
    text: str
    expires_at: datetime


class Pairing:
    """Makes codes and recognises them. The methods run inside the caller's transaction."""

    def __init__(self, vault: Vault, *, clock: Clock) -> None:
        self._key = vault.subkey("pairing codes")
        self._clock = clock

    def create(self, tx: Transaction, user_id: str, device_id: str | None) -> NewCode:
        """A code for the user, perhaps for one device id only."""
        now = self._clock.now()
        plain = _random()
        while pairing.half_is_taken_all_users(tx, self._half_hash(plain)):
            plain = _random()
        code = PairingCode(
            id=new_id(),
            user_id=user_id,
            device_id=device_id,
            expires_at=now + CODE_LIFETIME,
            tries_left=CODE_TRIES,
            used_at=None,
        )
        pairing.insert(tx, code, self._hash(plain), now=now)
        text = f"{plain[:_HALF]}-{plain[_HALF:]}"
        return NewCode(id=code.id, text=text, expires_at=code.expires_at)

    def find(self, tx: Transaction, text: str) -> PairingCode | None:
        """The code that was typed in, in whatever state; a near miss costs that code a try."""
        plain = text.upper().translate(_READ_AS)
        if len(plain) != _LENGTH or not set(plain) <= set(_ALPHABET):
            return None
        code = pairing.find_by_hash_all_users(tx, self._hash(plain))
        if code is None:
            pairing.count_near_miss_all_users(tx, self._half_hash(plain))
        return code

    def accept(self, tx: Transaction, code: PairingCode, device_id: str) -> bool:
        """Use the code up for this device; False when it is used, expired or another device's.

        Raises Conflict when the code is for no device in particular and the id is taken; the
        code can then be used again.
        """
        now = self._clock.now()
        if code.used_at is not None or code.expires_at <= now or code.tries_left <= 0:
            return False
        if code.device_id is None:
            if devices.find(tx, code.user_id, device_id) is not None:
                raise Conflict(
                    f"there is a device {device_id} already; choose another id, or ask for a "
                    "code for this device"
                )
        elif code.device_id != device_id:
            pairing.count_try(tx, code.user_id, code.id)
            return False
        pairing.mark_used(tx, code.user_id, code.id, now=now)
        return True

    def _hash(self, plain: str) -> bytes:
        return self._half_hash(plain) + self._digest("whole", plain)

    def _half_hash(self, plain: str) -> bytes:
        return self._digest("half", plain[:_HALF])[:16]

    def _digest(self, part: str, text: str) -> bytes:
        return hmac.new(self._key, f"{part} {text}".encode(), hashlib.sha256).digest()


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
