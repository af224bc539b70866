"""`cli.json`: where the command line finds the daemon, and the key it speaks with."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Final

from noond.accounts.audit import AuditLog
from noond.accounts.keys import LIFETIME_DAYS
from noond.accounts.tokens import API_KEY_PREFIX, OLD_API_KEY_PREFIX, new_token, token_hash
from noond.accounts.vault import write_private
from noond.clock import Clock
from noond.errors import DataDirectoryError
from noond.models.audit import Action, Actor, AuditEvent
from noond.store import api_keys
from noond.store.database import Database
from noond.store.rows import Transaction

RENEWED_BEFORE: Final = timedelta(days=30)


def cli_json(url: str | None, api_key: str | None) -> str:
    """The file's content."""
    return json.dumps({"url": url, "api_key": api_key}, indent=2) + "\n"


async def update_cli_file(
    file: Path, url: str, *, database: Database, audit: AuditLog, clock: Clock
) -> None:
    """Tell the CLI where the daemon listens, and give its key a new secret before it expires.

    A key that was revoked stays so. Raises DataDirectoryError when the file is not what
    `noond init` made.
    """
    try:
        api_key = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))["api_key"]
    except FileNotFoundError:
        api_key = None  # deleted by its owner: NOOND_API_KEY has to say it
    except (OSError, ValueError, KeyError, TypeError):
        raise DataDirectoryError(
            f"{file} can't be read; remove it, and set NOOND_API_KEY for the command line"
        ) from None
    if isinstance(api_key, str):
        api_key = await _renewed(api_key, database, audit, clock)
    await asyncio.to_thread(write_private, file, cli_json(url, api_key))


async def _renewed(secret: str, database: Database, audit: AuditLog, clock: Clock) -> str:
    """The secret, or the one that follows it. Its old one works until the new one was used, so
    nothing is lost if the file is never written.
    """
    hashed = token_hash(secret, API_KEY_PREFIX, OLD_API_KEY_PREFIX)
    if hashed is None:
        return secret
    found = await database.read(lambda c: api_keys.find_by_hash_all_users(c, hashed))
    now = clock.now()
    if (
        found is None
        or found.key.revoked_at is not None
        or found.key.expires_at - now >= RENEWED_BEFORE
    ):
        return secret
    token = new_token(API_KEY_PREFIX)

    def rotate(tx: Transaction) -> None:
        api_keys.rotate(
            tx,
            found.user.id,
            found.key.id,
            key_hash=token.hash,
            prefix=token.beginning,
            expires_at=now + timedelta(days=LIFETIME_DAYS),
        )
        audit.append(
            tx,
            AuditEvent(
                actor=Actor(kind="daemon", id=found.user.id, name=found.user.name),
                action=Action.UPDATE,
                resource="api_key",
                resource_id=found.key.id,
            ),
        )

    await database.write(rotate)
    return token.secret
