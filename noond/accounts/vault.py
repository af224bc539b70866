"""The data directory's key: from it come all keys that must not stand in the database."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from noond.errors import DataDirectoryError, KeyMismatch

_KEY_BYTES = 32
_CHECK = "key check"


class Vault:
    """Keys for single purposes, derived from the key file with HKDF-SHA256 (RFC 5869)."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError(f"the key must have {_KEY_BYTES} bytes")
        self._key = key

    @classmethod
    def load(cls, path: Path) -> Vault:
        """Read the key file; raises DataDirectoryError when it can't be used.

        A file that others can read is refused: what it protects may be known to them.
        """
        try:
            mode = path.stat().st_mode
            text = path.read_text("ascii")
        except FileNotFoundError:
            raise DataDirectoryError(
                f"the key file {path} is missing; put it back from where it was saved"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise DataDirectoryError(f"the key file {path} can't be read: {error}") from None
        if mode & 0o077:
            raise DataDirectoryError(
                f"the key file {path} can be read by others (mode {mode & 0o777:04o}); "
                f"run: chmod 600 {path}"
            )
        try:
            return cls(base64.b64decode(text.strip(), altchars=b"-_", validate=True))
        except (ValueError, binascii.Error):
            raise DataDirectoryError(f"the key file {path} holds no key") from None

    @classmethod
    def make(cls, path: Path) -> Vault:
        """Make a new key file, mode 0600, that is there whole or not at all."""
        key = secrets.token_bytes(_KEY_BYTES)
        write_private(path, base64.urlsafe_b64encode(key).decode() + "\n")
        return cls(key)

    def subkey(self, purpose: str) -> bytes:
        """The 32 byte key for one purpose; each purpose has a key of its own."""
        return HKDF(
            algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"noond {purpose}".encode()
        ).derive(self._key)

    def key_check(self) -> str:
        """What the database keeps to recognise this key; tells nothing of the key."""
        return self.subkey(_CHECK).hex()

    def verify(self, key_check: str) -> None:
        """Raise KeyMismatch unless `key_check` was made with this key."""
        if not hmac.compare_digest(self.key_check(), key_check):
            raise KeyMismatch()


def write_private(path: Path, text: str) -> None:
    """Replace a file by one with this text and mode 0600, whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
