"""A local agent's files: asked for on the device, received from its socket."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from noond.clock import Clock, from_ms
from noond.hub.frames import (
    AgentComplete,
    AgentContext,
    AgentData,
    AgentManifest,
    AgentRun,
    AgentWant,
    ListedFile,
    RunConfig,
    SentFile,
)
from noond.hub.streams import RunStream
from noond.models.agent import Agent
from noond.models.document import DeviceContext, DeviceProject, DeviceTask
from noond.models.preview import RunMode
from noond.models.run import Run, RunError
from noond.store import ledger, proposals, runs
from noond.store.database import Database
from noond.store.ledger import KnownFile
from noond.store.rows import Connection, Transaction

_WANT_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file's raw bytes. `sha256` (hex) is of them."""

    path: str
    raw: bytes
    sha256: str
    modified_at: datetime | None


@dataclass(slots=True)
class Comparison:
    """A manifest against the ledger: of the wanted files `new` were never read before."""

    wanted: list[ListedFile] = field(default_factory=list)
    new: int = 0
    unchanged: int = 0
    moved: dict[str, KnownFile] = field(default_factory=dict)


@dataclass(slots=True)
class _Assembly:
    """The parts of a file that came so far."""

    parts: int
    received: list[bytes] = field(default_factory=list)
    size: int = 0


class LocalFiles:
    """The files of one run, each as soon as it is whole; what can't be read as a RunError.

    With capability `manifest` only new and changed files travel. `context` is what the device
    said that records may refer to, before its first file; `comparison` what its manifest came to.
    """

    def __init__(
        self,
        stream: RunStream,
        database: Database,
        clock: Clock,
        *,
        run: Run,
        agent: Agent,
        extractor: str,
        file_bytes: int,
        silence_seconds: float,
        on_first_frame: Callable[[], Awaitable[None]],
    ) -> None:
        self._stream = stream
        self._database = database
        self._clock = clock
        self._run = run
        self._agent = agent
        self._extractor = extractor
        self._file_bytes = file_bytes
        self._silence_seconds = silence_seconds
        self._on_first_frame = on_first_frame
        self._wanted: set[str] | None = None
        self._assemblies: dict[str, _Assembly] = {}
        self.context: DeviceContext | None = None
        self.comparison: Comparison | None = None

    async def files(self) -> AsyncGenerator[ReceivedFile | RunError]:
        """Ask the device and yield what comes.

        Raises what `RunStream.next` raises. A frame's bytes are given back to the device when the
        file after its last one is asked for.
        """
        self._stream.send(
            AgentRun(
                run_id=self._run.id,
                agent_id=self._agent.id,
                config=RunConfig(
                    paths=list(self._agent.directory_paths),
                    file_extensions=list(self._agent.file_extensions),
                    prompt_template=self._agent.prompt_template,
                    data_types=list(self._agent.data_types),
                ),
            )
        )
        listed: dict[str, ListedFile] = {}
        frame = await self._stream.next(silence_seconds=self._silence_seconds)
        await self._on_first_frame()
        while True:
            if isinstance(frame, AgentManifest):
                listed.update((file.path, file) for file in frame.files)
                if frame.last:
                    for error in await self._want(listed):
                        yield error
            elif isinstance(frame, AgentContext):
                self._learn(frame)
            elif isinstance(frame, AgentData):
                for sent in frame.files:
                    received = self._receive(sent)
                    if received is not None:
                        yield received
            else:
                for error in self._complete(frame):
                    yield error
                return
            frame = await self._stream.next(silence_seconds=self._silence_seconds)

    async def _want(self, listed: dict[str, ListedFile]) -> list[RunError]:
        """Answer a manifest; returns what will not be read."""
        too_large = [file for file in listed.values() if file.size > self._file_bytes]
        readable = [file for file in listed.values() if file.size <= self._file_bytes]

        def compare(connection: Connection) -> Comparison:
            return self._compare(connection, readable)

        comparison = await self._database.read(compare)

        def store(tx: Transaction) -> None:
            user_id, now = self._run.user_id, self._clock.now()
            if self._run.mode is RunMode.FULL:
                for path, entry in comparison.moved.items():
                    ledger.put(tx, user_id, self._agent.id, path, entry, now=now)
            runs.set_files(
                tx, user_id, self._run.id, listed=len(listed), unchanged=comparison.unchanged
            )

        await self._database.write(store)
        self.comparison = comparison
        estimating = self._run.mode is RunMode.ESTIMATE
        wanted = [] if estimating else [file.path for file in comparison.wanted]
        self._wanted = set(wanted)
        for paths, last in _pages(wanted):
            self._stream.send(AgentWant(run_id=self._run.id, paths=paths, last=last))
        return [_too_large(file.path, file.size, self._file_bytes) for file in too_large]

    def _compare(self, connection: Connection, files: list[ListedFile]) -> Comparison:
        user_id, agent_id, run = self._run.user_id, self._agent.id, self._run
        known = ledger.find(connection, user_id, agent_id, [file.path for file in files])
        proposed = {
            (file.path, file.sha256) for file in proposals.list_files(connection, user_id, run.id)
        }
        comparison = Comparison()
        for file in files:
            entry = known.get(file.path)
            if (file.path, file.sha256) in proposed:
                continue  # read by this very run before it was interrupted
            if entry is not None and self._done(entry, file.sha256):
                comparison.unchanged += entry.run_id != run.id  # as above
                continue
            twin = None
            if entry is None:
                twin = ledger.find_content(
                    connection, user_id, agent_id, file.sha256, self._extractor
                )
            if twin is not None:
                comparison.moved[file.path] = twin
                comparison.unchanged += 1
            else:
                comparison.wanted.append(file)
                comparison.new += entry is None
        return comparison

    def _done(self, entry: KnownFile, sha256: str) -> bool:
        return entry.sha256 == sha256 and entry.extractor == self._extractor

    def _learn(self, frame: AgentContext) -> None:
        before = self.context or DeviceContext()
        projects = (DeviceProject(id=each.id, name=each.name) for each in frame.projects)
        tasks = (
            DeviceTask(id=each.id, title=each.title, project_id=each.projectId)
            for each in frame.tasks
        )
        self.context = DeviceContext(
            projects=(*before.projects, *projects), tasks=(*before.tasks, *tasks)
        )

    def _receive(self, sent: SentFile) -> ReceivedFile | RunError | None:
        """The file if it is whole now."""
        if sent.error is not None:
            # Also of a file that no manifest lists, because it can't be read.
            return self._refuse(sent, "unreadable", sent.error)
        if self._run.mode is RunMode.ESTIMATE:
            return None  # from a device that knows no manifest
        if self._wanted is not None and sent.path not in self._wanted:
            return None  # nobody asked for it
        if sent.content is None:
            return self._refuse(sent, "invalid_file", "the entry has neither content nor error")
        try:
            raw = _bytes(sent)
        except (binascii.Error, ValueError):
            return self._refuse(sent, "invalid_file", "the content is not valid base64")
        if sent.part is not None or sent.parts is not None:
            whole = self._assemble(sent, raw)
            if not isinstance(whole, bytes):
                return whole
            raw = whole
        if len(raw) > self._file_bytes:
            self._settled(sent.path)
            return _too_large(sent.path, len(raw), self._file_bytes)
        sha256 = hashlib.sha256(raw).hexdigest()
        if sent.sha256 is not None and sent.sha256 != sha256:
            return self._refuse(
                sent,
                "hash_mismatch",
                "the content does not have the SHA-256 that the device gave; "
                "a file that is not UTF-8 must be sent as base64",
            )
        self._settled(sent.path)
        modified_at = None if sent.modified_at is None else from_ms(sent.modified_at)
        return ReceivedFile(path=sent.path, raw=raw, sha256=sha256, modified_at=modified_at)

    def _assemble(self, sent: SentFile, raw: bytes) -> bytes | RunError | None:
        """The whole file with its last part; parts come in order."""
        assembly = self._assemblies.get(sent.path)
        if sent.part == 1 and sent.parts is not None:
            assembly = self._assemblies[sent.path] = _Assembly(sent.parts)
        if (
            assembly is None
            or sent.parts != assembly.parts
            or sent.part != len(assembly.received) + 1
        ):
            return self._refuse(sent, "invalid_file", "the file's parts are not in order")
        assembly.size += len(raw)
        # Past the limit the parts are only counted, so that the report can say how large it is.
        assembly.received.append(raw if assembly.size <= self._file_bytes else b"")
        if len(assembly.received) < assembly.parts:
            return None
        if assembly.size > self._file_bytes:
            self._settled(sent.path)
            return _too_large(sent.path, assembly.size, self._file_bytes)
        return b"".join(assembly.received)

    def _refuse(self, sent: SentFile, code: str, message: str) -> RunError:
        self._settled(sent.path)
        return RunError(file=sent.path, code=code, message=message)

    def _settled(self, path: str) -> None:
        self._assemblies.pop(path, None)
        if self._wanted is not None:
            self._wanted.discard(path)

    def _complete(self, frame: AgentComplete) -> Iterator[RunError]:
        if frame.error is not None:
            yield RunError(file=None, code="device_error", message=frame.error)
        for path in sorted({*(self._wanted or ()), *self._assemblies}):
            yield RunError(
                file=path, code="not_sent", message="the device did not send this file (whole)"
            )


def _bytes(sent: SentFile) -> bytes:
    content = sent.content or ""
    if sent.encoding == "base64":
        return base64.b64decode(content, validate=True)
    return content.encode()


def _too_large(path: str, size: int, limit: int) -> RunError:
    return RunError(
        file=path,
        code="too_large",
        message=f"{size:,} bytes; files up to runs.file_bytes = {limit:,} are read",
    )


def _pages(paths: list[str]) -> Iterator[tuple[list[str], bool]]:
    """The paths in frames of moderate size, the final one marked."""
    page: list[str] = []
    characters = 0
    for path in paths:
        if page and characters + len(path) > _WANT_CHARACTERS:
            yield page, False
            page, characters = [], 0
        page.append(path)
        characters += len(path) + 3
    yield page, True
