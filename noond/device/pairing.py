"""Pairing: a code that a person was shown becomes the device's token, kept in a private file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated

import aiohttp
import structlog
from pydantic import BaseModel, Field, ValidationError

from noond.device.errors import CannotConnect, CodeRefused, TokenFileError
from noond.device.options import daemon_url
from noond.errors import RateLimited
from noond.hub.frames import DeviceId

log = structlog.get_logger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedToken:
    """What pairing gave: the token (shown once), the id it is for, the WebSocket's address."""

    device_token: str = field(repr=False)
    device_id: str
    ws_url: str


class _PairReply(BaseModel):
    device_token: Annotated[str, Field(min_length=1, pattern=r"^[\x21-\x7e]+$")]
    device_id: DeviceId
    ws_url: str


def default_token_file(store: Path) -> Path:
    """Where the token is kept unless a file is named: `<store>.token`."""
    return store.with_name(store.name + ".token")


async def pair(url: str, code: str, device_id: str, name: str) -> PairedToken:
    """Exchange the code for a token at the daemon.

    Raises CannotConnect, CodeRefused with the daemon's reason, or RateLimited.
    """
    target = daemon_url(url) / "api" / "v1" / "devices" / "pair"
    body = {"code": code.strip(), "device_id": device_id, "name": name}
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as http,
            http.post(target, json=body, allow_redirects=False) as reply,
        ):
            status, content = reply.status, await reply.read()
            retry_after = reply.headers.get("Retry-After", "")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise CannotConnect(f"{url} can't be reached: {str(error) or 'timeout'}") from error
    if status == 201:
        try:
            paired = _PairReply.model_validate_json(content)
        except ValidationError:
            raise CannotConnect(f"{url} did not answer like noond; is the address right?") from None
        return PairedToken(
            device_token=paired.device_token, device_id=paired.device_id, ws_url=paired.ws_url
        )
    reason = _reason(content)
    if status == 429:
        raise RateLimited(
            reason, retry_after_seconds=float(retry_after) if retry_after.isdigit() else 60.0
        )
    if reason is None:
        raise CannotConnect(f"{url} answered {status}; is it noond's address?")
    raise CodeRefused(reason)


class _Problem(BaseModel):
    detail: str | None = None
    title: str | None = None
    code: str


def _reason(content: bytes) -> str | None:
    """The detail of a problem+json body, None when it is not one."""
    try:
        problem = _Problem.model_validate_json(content)
    except ValidationError:
        return None
    return problem.detail or problem.title or problem.code


async def pair_and_save(
    *, url: str, code: str, device_id: str, name: str, token_file: Path
) -> PairedToken:
    """Pair, and keep the token in `token_file` (mode 0600, replaced whole).

    The file is prepared first, so that a code is not spent on a token that can't be kept. Raises
    what `pair` raises, and TokenFileError.
    """
    with _replacing(token_file) as file:
        paired = await pair(url, code, device_id, name)
        await asyncio.to_thread(_write, file, paired.device_token)
    return paired


def _write(file: IO[str], token: str) -> None:
    file.write(token + "\n")
    file.flush()
    os.fsync(file.fileno())


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[IO[str]]:
    """A private new file that takes the target's place when the block ends well."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise TokenFileError(f"{target} can't be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            yield file
        Path(temporary).replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise TokenFileError(f"{target} can't be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 - beside mkstemp, which gives text


def load_token(token_file: Path) -> str:
    """The token in the file; raises TokenFileError that names the file, never its content."""
    try:
        text = token_file.read_text("ascii").strip()
        mode = stat.S_IMODE(token_file.stat().st_mode)
    except FileNotFoundError:
        raise TokenFileError(
            f"there is no token in {token_file}: pair this device with `--code` "
            "(`noond pair` shows a code)"
        ) from None
    except OSError as error:
        raise TokenFileError(f"{token_file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError:
        text = ""
        mode = 0
    if not text or any(not "\x21" <= character <= "\x7e" for character in text):
        raise TokenFileError(f"{token_file} holds no token: it must be one line of text")
    if mode & 0o077:
        log.warning("token_file_readable_by_others", file=str(token_file), fix="chmod 600")
    return text
