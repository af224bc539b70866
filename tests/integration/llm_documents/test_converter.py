"""The converter around its processes: answers, limits, rights, and that nothing stays behind."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import textwrap
import venv
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

import noond
from noond.errors import DocumentError
from noond.llm.documents.converter import (
    CONVERTED_EXTENSIONS,
    ConversionLimits,
    DocumentConverter,
)

ROOT = Path(noond.__file__).parents[1]
# Takes libxml2 a minute: it compares each attribute with all before it.
SLOW = b"<p " + b" ".join(b"a%d=1" % number for number in range(300_000)) + b">x</p>"


@pytest.fixture
async def converter() -> AsyncIterator[DocumentConverter]:
    converter = DocumentConverter(limits=ConversionLimits(seconds=3))
    yield converter
    await converter.close()


# Both loops that the daemon runs on: each starts and watches processes in its own way.
both_loops = pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Let a shell script be started in the place of the interpreter."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


def children() -> set[int]:
    """The pids of this process's children, also of those that nobody has waited for."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


async def code_of(converter: DocumentConverter, raw: bytes, path: str) -> str:
    with pytest.raises(DocumentError) as refusal:
        await converter.text(raw, path=path)
    return refusal.value.code


@pytest.mark.parametrize("path", ["Notes/Plan.HTML", "C:\\Notes\\plan.htm"])
async def test_a_page_becomes_text(converter: DocumentConverter, path: str) -> None:
    page = b"<h1>Plan</h1>\r\n<p>Caf&eacute;\x07 e\xcc\x81</p>"

    assert await converter.text(page, path=path) == "# Plan\n\nCafé é"


async def test_documents_of_sixteen_megabytes_travel_whole(converter: DocumentConverter) -> None:
    page = b"<!--" + b"x" * 16_000_000 + b"--><p>the end</p>"

    texts = await asyncio.gather(*(converter.text(page, path="a.html") for _ in range(3)))

    assert texts == ["the end"] * 3


@pytest.mark.parametrize("path", ["plan.doc", "plan", "plan.pdf.exe", ".pdf"])
async def test_other_documents_are_refused(converter: DocumentConverter, path: str) -> None:
    assert await code_of(converter, b"%PDF-1.7", path) == "unsupported_document"


@pytest.mark.parametrize("extension", sorted(CONVERTED_EXTENSIONS - {".html", ".htm"}))
@pytest.mark.parametrize("raw", [b"", b"Call Ada", b"PK\x03\x04", b"%PDF-1.7\n%%EOF"])
async def test_what_is_no_document_is_damaged(
    converter: DocumentConverter, extension: str, raw: bytes
) -> None:
    assert await code_of(converter, raw, "plan" + extension) == "document_damaged"


async def test_a_text_above_the_limit_is_refused() -> None:
    converter = DocumentConverter(limits=ConversionLimits(output_bytes=100))

    assert await converter.text(b"<p>" + b"x" * 100, path="a.html") == "x" * 100
    assert await code_of(converter, b"<p>" + b"x" * 101, "a.html") == "document_too_large"


async def test_the_missing_extra_is_named(
    converter: DocumentConverter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))

    with pytest.raises(DocumentError, match=r"pip install noond\[documents\]") as refusal:
        await converter.text(b"<p>x", path="a.html")

    assert refusal.value.code == "converter_missing"


async def test_the_environment_holds_no_secrets(
    converter: DocumentConverter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOOND__LLM__API_KEY", "canary-4711")
    stand_in(monkeypatch, tmp_path, "echo ok; tr '\\0' '\\n' < /proc/self/environ")

    text = await converter.text(b"", path="a.html")

    assert "LC_ALL=C.UTF-8" in text
    assert "canary-4711" not in text


async def test_an_endless_answer_is_cut(
    converter: DocumentConverter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, "echo ok; yes")

    assert await code_of(converter, b"", "a.html") == "document_too_large"


async def test_a_process_that_ends_itself_gives_no_text(
    converter: DocumentConverter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, "kill -SEGV $$")
    assert await code_of(converter, b"x" * 1_000_000, "a.html") == "document_unreadable"

    stand_in(monkeypatch, tmp_path, "kill -XCPU $$")
    assert await code_of(converter, b"", "a.html") == "document_too_slow"

    stand_in(monkeypatch, tmp_path, "echo words of its own")
    assert await code_of(converter, b"", "a.html") == "document_unreadable"


async def test_the_clock_ends_a_process_and_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    converter = DocumentConverter(limits=ConversionLimits(seconds=1))
    os.mkfifo(tmp_path / "held")
    stand_in(monkeypatch, tmp_path, f"sleep 1000 > {tmp_path}/held & wait")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)

    assert await code_of(converter, b"", "a.html") == "document_too_slow"

    # The grandchild held the other end; its end closes the pipe.
    assert select.select([held], [], [], 10)[0]
    assert os.read(held, 1) == b""
    os.close(held)


@both_loops
@pytest.mark.parametrize("seconds", [0, 0.001, 0.003, 0.01, 0.05, 0.3])
def test_a_cancelled_conversion_leaves_no_process(
    new_loop: Callable[[], asyncio.AbstractEventLoop], seconds: float
) -> None:
    before = children()

    async def cancel_then_convert() -> str:
        converter = DocumentConverter()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await converter.text(SLOW, path="slow.html")
        assert children() <= before
        return await converter.text(b"<p>next", path="a.html")

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(cancel_then_convert()) == "next"


@both_loops
def test_close_ends_running_conversions_and_refuses_new_ones(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    before = children()

    async def close_while_running() -> list[str]:
        converter = DocumentConverter()
        running = [asyncio.create_task(code_of(converter, SLOW, "slow.html")) for _ in range(4)]
        await asyncio.wait(running, timeout=0.2)
        await converter.close()
        assert children() <= before
        return [*await asyncio.gather(*running), await code_of(converter, b"<p>x", "a.html")]

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(close_while_running()) == ["document_unreadable"] * 5


async def test_only_so_many_are_converted_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(
        monkeypatch,
        tmp_path,
        f"cd {tmp_path}; touch run.$$; ls run.* | wc -l > peak.$$; read x; sleep 0.1; rm run.$$\n"
        "echo ok; cat peak.$$",
    )
    converter = DocumentConverter(at_once=2)

    peaks = await asyncio.gather(*(converter.text(b"x\n", path="a.html") for _ in range(6)))

    assert max(map(int, peaks)) <= 2


def test_a_killed_daemon_takes_its_converters_along(tmp_path: Path) -> None:
    (tmp_path / "slow.html").write_bytes(SLOW)
    program = """
        import asyncio, sys
        from pathlib import Path
        from noond.llm.documents.converter import DocumentConverter

        async def main():
            raw = Path(sys.argv[1]).read_bytes()
            task = asyncio.create_task(DocumentConverter().text(raw, path="slow.html"))
            pids = Path("/proc/self/task") / str(__import__("os").getpid()) / "children"
            while not pids.read_text():
                await asyncio.sleep(0)
            print(pids.read_text(), flush=True)
            await task

        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "slow.html")],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as daemon:
        assert daemon.stdout is not None
        worker = os.pidfd_open(int(daemon.stdout.readline()))
        daemon.send_signal(signal.SIGKILL)

    assert select.select([worker], [], [], 2)[0], "the worker outlived its daemon"
    os.close(worker)
