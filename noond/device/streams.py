"""One run on the device: its manifest, the wait for what is wanted, its context, its files."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

import structlog

from noond.device.credit import Credit
from noond.device.errors import FolderRefused
from noond.device.folders import (
    AllowedFolders,
    FoundFile,
    RequestedPath,
    Unreadable,
    explain,
    label_of,
)
from noond.device.hashes import HashedFile, iter_hashed
from noond.device.outbox import Outbox
from noond.device.packing import (
    FileContent,
    FileError,
    Packed,
    data_frame_bytes,
    encoded,
    pack_files,
    pack_manifest,
)
from noond.device.references import read_context
from noond.device.store import DeviceStore
from noond.errors import NoondError
from noond.hub.frames import (
    AgentComplete,
    AgentManifest,
    AgentRun,
    AgentWant,
    Limits,
    ListedFile,
)

log = structlog.get_logger(__name__)

_LONGEST_ERROR: Final = 2000


class RunStream:
    """Streams one run. `run()` does it all; `want` and `grant` feed it what the daemon says."""

    def __init__(
        self,
        asked: AgentRun,
        *,
        folders: AllowedFolders,
        store: DeviceStore,
        outbox: Outbox,
        limits: Limits,
    ) -> None:
        self._asked = asked
        self._folders = folders
        self._store = store
        self._outbox = outbox
        self._limits = limits
        self._frame_bytes = data_frame_bytes(
            frame_bytes=limits.frame_bytes, credit_bytes=limits.credit_bytes
        )
        self._credit = Credit(limits.credit_bytes)
        self._wanted: set[str] = set()
        self._want_complete = asyncio.Event()
        self._last_seq = 0

    def want(self, frame: AgentWant) -> None:
        """The daemon named files of the manifest to send."""
        self._wanted.update(frame.paths)
        if frame.last:
            self._want_complete.set()

    def grant(self, amount: int) -> None:
        """The daemon allowed `amount` bytes more of data frames."""
        self._credit.grant(amount)

    def ending(self, error: str | None) -> AgentComplete:
        """The frame that ends the run at this point."""
        return AgentComplete(
            run_id=self._asked.run_id,
            last_seq=self._last_seq,
            error=None if error is None else error[:_LONGEST_ERROR],
        )

    async def run(self) -> None:
        """Send everything up to and including `agent_complete`."""
        try:
            error = await self._send()
        except NoondError as failure:
            error = failure.message
        except Exception:
            log.exception("run_failed", run_id=self._asked.run_id)
            error = "the device failed on this run; its log says why"
        await self._outbox.bulk(encoded(self.ending(error)))

    async def _send(self) -> str | None:
        allowed, problems = await asyncio.to_thread(self._resolve)
        if problems and not allowed:
            return "; ".join(f"{problem.label}: {problem.error}" for problem in problems)
        listed = await self._send_manifest(allowed, problems)
        await self._want_complete.wait()
        context = await read_context(self._store, self._asked.run_id, limit=self._frame_bytes)
        await self._outbox.bulk(encoded(context))
        wanted = [file for label, file in listed.items() if label in self._wanted]
        frames = pack_files(self._asked.run_id, self._contents(problems, wanted), self._frame_bytes)
        while (packed := await asyncio.to_thread(_next, frames)) is not None:
            await self._credit.take(len(packed.message))
            await self._outbox.bulk(packed.message)
            self._last_seq = packed.seq
        return None

    def _resolve(self) -> tuple[list[RequestedPath], list[FileError]]:
        allowed: list[RequestedPath] = []
        problems: list[FileError] = []
        for requested in self._asked.config.paths:
            try:
                allowed.append(self._folders.resolve(requested))
            except FolderRefused as refusal:
                problems.append(
                    FileError(
                        label=label_of(requested or "(no path)")[:4096],
                        error=refusal.message[:_LONGEST_ERROR],
                    )
                )
        return allowed, problems

    async def _send_manifest(
        self, allowed: list[RequestedPath], problems: list[FileError]
    ) -> dict[str, FoundFile]:
        """List what is there; returns the files by label and adds what can't be read."""
        listed: dict[str, FoundFile] = {}
        found = self._folders.walk(allowed, self._asked.config.file_extensions)
        run_id = self._asked.run_id
        async for batch in iter_hashed(
            self._store, self._folders, found, file_bytes=self._limits.file_bytes
        ):
            hashed = [item for item in batch if isinstance(item, HashedFile)]
            listed.update((item.file.label, item.file) for item in hashed)
            problems += [
                FileError(label=item.label, error=item.error)
                for item in batch
                if isinstance(item, Unreadable)
            ]
            for message in pack_manifest(run_id, map(_listed, hashed), self._frame_bytes):
                await self._outbox.bulk(message)
        await self._outbox.bulk(encoded(AgentManifest(run_id=run_id, files=[], last=True)))
        return listed

    def _contents(
        self, problems: Iterable[FileError], wanted: Iterable[FoundFile]
    ) -> Iterator[FileContent | FileError]:
        """What to send, each file read when it is its turn. Blocking."""
        yield from problems
        for listed in wanted:
            try:
                file, content = self._folders.read(listed, limit=self._limits.file_bytes)
            except (OSError, ValueError) as error:
                yield FileError(label=listed.label, error=explain(error))
                continue
            yield FileContent(
                label=file.label,
                content=content,
                sha256=hashlib.sha256(content).hexdigest(),
                modified_at=file.modified_at,
            )


def _listed(hashed: HashedFile) -> ListedFile:
    file = hashed.file
    return ListedFile(
        path=file.label, size=file.size, modified_at=file.modified_at, sha256=hashed.sha256
    )


def _next(frames: Iterator[Packed]) -> Packed | None:
    return next(frames, None)
