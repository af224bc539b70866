"""The daemon's side of converting documents: one short-lived, limited process for each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path, PurePath

from noond.errors import DocumentError
from noond.llm.documents.refusal import MESSAGES, OK, TOO_LARGE, TOO_SLOW, UNSUPPORTED

CONVERTED_EXTENSIONS: frozenset[str] = frozenset({".pdf", ".docx", ".html", ".htm"})

_ROOT = str(Path(__file__).parents[3])
# Isolated mode finds noond only where it is installed: a checkout has to be named.
_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from noond.llm.documents.worker import main; main(sys.argv[2:])"
)
_PIECE = 65_536
_LONGEST_CODE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionLimits:
    """What one conversion may take: time on the clock and on the processor, memory, text."""

    seconds: int = 10
    memory_bytes: int = 256 * 1024 * 1024
    output_bytes: int = 8 * 1024 * 1024


class DocumentConverter:
    """Turns PDF, DOCX and HTML into text, `at_once` documents at a time.

    A document never reaches this process's parsers, memory or rights: see `confinement`.
    """

    def __init__(
        self,
        *,
        at_once: int = 2,
        limits: ConversionLimits | None = None,
        temporary: Path | None = None,
    ) -> None:
        """`temporary` is where its processes are to write, should one ever be let."""
        self._limits = limits or ConversionLimits()
        self._environment = {"LC_ALL": "C.UTF-8"}
        if temporary is not None:
            self._environment["TMPDIR"] = str(temporary)
        self._slots = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[Process]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    async def text(self, raw: bytes, *, path: str) -> str:
        """The document's text in NFC with LF line ends; `path` tells its kind by the extension.

        Headings, lists, check boxes and tables come as in Markdown. Raises DocumentError with one
        of the codes of `refusal`; when cancelled, the process is gone on return.
        """
        extension = PurePath(path).suffix.lower()
        if extension not in CONVERTED_EXTENSIONS:
            raise _refused(UNSUPPORTED)
        async with self._slots:
            if self._closed:
                raise DocumentError("The converter is closed.")
            return await self._convert(raw, extension)

    async def close(self) -> None:
        """Kill what still converts and wait until it is gone; later conversions are refused."""
        self._closed = True
        for starting in self._running:
            if starting.done() and starting.exception() is None:
                _kill(starting.result())
        await self._idle.wait()

    async def _convert(self, raw: bytes, extension: str) -> str:
        limits = self._limits
        starting = asyncio.create_task(self._start(extension))
        self._running.add(starting)
        self._idle.clear()
        try:
            async with asyncio.timeout(limits.seconds):
                # Cancelled half-way, uvloop would forget the process that it is starting.
                process = await asyncio.shield(starting)
                _, answer = await asyncio.gather(
                    _feed(process, raw),
                    _read(process, limits.output_bytes + _LONGEST_CODE),
                )
        except TimeoutError:
            raise _refused(TOO_SLOW) from None
        except OSError as error:
            raise DocumentError(f"The converter can't be started: {error.strerror}.") from error
        finally:
            await self._end(starting)
        return _understood(answer, process.returncode)

    async def _start(self, extension: str) -> Process:
        limits = self._limits
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _PROGRAM, _ROOT, str(os.getpid()), extension),
            *map(str, (limits.seconds, limits.memory_bytes, limits.output_bytes)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd="/",
            env=self._environment,
            start_new_session=True,
        )
        if self._closed:
            _kill(process)
        return process

    async def _end(self, starting: asyncio.Task[Process]) -> None:
        """Kill the process if it still runs, and wait until it is gone."""
        await asyncio.wait([starting])
        if starting.exception() is None:
            process = starting.result()
            _kill(process)
            assert process.stdin is not None
            process.stdin.close()
            await process.communicate()  # To the end of its output: only then its pipe is closed.
        self._running.discard(starting)
        if not self._running:
            self._idle.set()


def _understood(answer: bytes | None, status: int | None) -> str:
    """The text in a process's answer, which is None when it was longer than agreed."""
    code, _, text = (answer or b"").partition(b"\n")
    if answer is not None and code == OK.encode():
        with contextlib.suppress(UnicodeDecodeError):
            return text.decode("utf-8")
    reason = code.decode("ascii", "replace")
    if reason in MESSAGES:
        raise _refused(reason)
    if answer is None:
        raise _refused(TOO_LARGE)
    if status == -signal.SIGXCPU:
        raise _refused(TOO_SLOW)
    raise DocumentError(f"The conversion ended without an answer (status {status}).")


async def _feed(process: Process, raw: bytes) -> None:
    """Write in pieces: handing over all at once would copy it in one go."""
    assert process.stdin is not None
    view = memoryview(raw)
    try:
        for start in range(0, len(raw), _PIECE):
            process.stdin.write(bytes(view[start : start + _PIECE]))
            await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return  # It has answered, or was killed, before it read everything.
    finally:
        process.stdin.close()


async def _read(process: Process, most: int) -> bytes | None:
    """All that the process writes until it ends, or None if that is more than `most` bytes."""
    assert process.stdout is not None
    answer = bytearray()
    while piece := await process.stdout.read(_PIECE):
        answer += piece
        if len(answer) > most:
            _kill(process)
            return None
    return bytes(answer)


def _kill(process: Process) -> None:
    # It leads its own session, so its group holds whatever it may have started.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _refused(code: str) -> DocumentError:
    return DocumentError(MESSAGES[code], code=code)
