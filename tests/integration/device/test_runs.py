"""Runs over a real socket: manifest, want, context, files, credit, cancel, restart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noond.hub.frames import (
    AgentCancel,
    AgentComplete,
    AgentContext,
    AgentCredit,
    AgentData,
    AgentManifest,
    AgentRun,
    AgentWant,
    Limits,
    ToolCall,
    ToolResult,
)

Ask = Callable[..., AgentRun]


async def manifest(line: Any) -> dict[str, str]:
    files: dict[str, str] = {}
    while True:
        frame = await line.hear(AgentManifest)
        files |= {file.path: file.sha256 for file in frame.files}
        if frame.last:
            return files


async def contents(line: Any, run_id: str = "run") -> tuple[dict[str, str], AgentComplete]:
    """What arrives until the end: text or error by path."""
    files: dict[str, str] = {}
    seq = 0
    while True:
        frame = await line.hear(AgentComplete | AgentData)
        assert frame.run_id == run_id
        if isinstance(frame, AgentComplete):
            assert frame.last_seq == seq
            return files, frame
        seq += 1
        assert frame.seq == seq
        for file in frame.files:
            files[file.path] = files.get(file.path, "") + (file.content or f"! {file.error}")


async def test_only_wanted_files_travel_after_the_context(
    daemon: Any, device: Any, notes: Path, ask: Ask
) -> None:
    (notes / "a.md").write_text("- [ ] call Ana")
    (notes / "b.md").write_text("known")
    (notes / "c.txt").write_text("not asked for")
    line = await daemon.next_line()
    assert line.hello.device_id == "laptop"
    assert set(line.hello.capabilities) >= {"manifest", "credit", "review"}
    await line.say(ask())
    listed = await manifest(line)
    assert listed[f"{notes}/a.md"] == hashlib.sha256(b"- [ ] call Ana").hexdigest()
    assert len(listed) == 2
    await line.say(AgentWant(run_id="run", paths=[f"{notes}/a.md"]))
    await line.say(AgentWant(run_id="run", paths=["/etc/passwd"], last=True))
    context = await line.hear(AgentContext)
    assert {project.name for project in context.projects} == {"Inbox", "Home"}
    assert await contents(line) == (
        {f"{notes}/a.md": "- [ ] call Ana"},
        AgentComplete(run_id="run", last_seq=1),
    )


async def test_what_cannot_be_read_is_reported_file_by_file(
    daemon: Any, device: Any, notes: Path, tmp_path: Path, ask: Ask
) -> None:
    (notes / "a.md").write_text("a")
    (notes / "gone.md").write_text("soon gone")
    (notes / "huge.md").write_bytes(b"x" * 1_000_001)
    (tmp_path / "secret.md").write_text("secret")
    (notes / "link.md").symlink_to(tmp_path / "secret.md")
    line = await daemon.next_line()
    await line.say(ask(paths=[str(notes), str(tmp_path), f"{notes}/nowhere"]))
    listed = await manifest(line)
    (notes / "gone.md").unlink()
    await line.say(AgentWant(run_id="run", paths=list(listed), last=True))
    await line.hear(AgentContext)
    files, complete = await contents(line)
    assert complete.error is None
    assert files.pop(f"{notes}/a.md") == "a"
    assert f"--allow {tmp_path}" in files.pop(str(tmp_path))
    assert "not there" in files.pop(f"{notes}/gone.md")
    assert "not there" in files.pop(f"{notes}/nowhere")
    assert "larger than 1000000 bytes" in files.pop(f"{notes}/huge.md")
    assert "link out of" in files.pop(f"{notes}/link.md")
    assert files == {}


async def test_a_folder_that_is_not_allowed_ends_the_run_with_the_fix(
    daemon: Any, device: Any, tmp_path: Path, ask: Ask
) -> None:
    line = await daemon.next_line()
    await line.say(ask(paths=[str(tmp_path)]))
    complete = await line.hear(AgentComplete)
    assert complete.last_seq == 0
    assert f"--allow {tmp_path}" in complete.error


async def test_an_empty_folder_is_complete_at_once(daemon: Any, device: Any, ask: Ask) -> None:
    line = await daemon.next_line()
    await line.say(ask())
    assert await manifest(line) == {}
    await line.say(AgentWant(run_id="run", paths=[], last=True))
    await line.hear(AgentContext)
    assert await line.hear(AgentComplete) == AgentComplete(run_id="run", last_seq=0)


@pytest.fixture
def narrow(daemon: Any) -> Limits:
    """Limits that a few files exhaust; set before the device says hello."""
    limits = Limits(frame_bytes=65_536, file_bytes=1_000_000, credit_bytes=65_536)
    daemon.limits = limits
    return limits


async def test_credit_adds_up_until_a_long_file_is_there(
    narrow: Limits, daemon: Any, device: Any, notes: Path, ask: Ask
) -> None:
    text = "".join(f"line {number} of a long file\n" for number in range(9000))
    (notes / "big.md").write_text(text)
    line = await daemon.next_line()
    await line.say(ask())
    listed = await manifest(line)
    await line.say(AgentWant(run_id="run", paths=list(listed), last=True))
    await line.hear(AgentContext)
    got, sent, allowed = "", 0, narrow.credit_bytes
    while isinstance(frame := await line.hear(AgentData | AgentComplete), AgentData):
        got += frame.files[0].content or ""
        sent += line.last_bytes
        assert sent <= allowed
        if allowed - sent < 16_384:  # the next frame may have to wait
            allowed += 20_000
            await line.say(AgentCredit(run_id="run", bytes=20_000))
    assert got == text


async def test_no_byte_travels_beyond_the_credit_and_calls_are_answered(
    narrow: Limits, daemon: Any, device: Any, notes: Path, ask: Ask
) -> None:
    (notes / "big.md").write_bytes(b"x" * 900_000)
    line = await daemon.next_line()
    await line.say(ask())
    await line.say(AgentWant(run_id="run", paths=list(await manifest(line)), last=True))
    await line.hear(AgentContext)
    sent = 0
    while sent + 16_384 <= narrow.credit_bytes:
        await line.hear(AgentData)
        sent += line.last_bytes
    await line.say(ToolCall(id="c", action="notify", title="t", body="b", deadline_ms=1000))
    assert (await line.hear(ToolResult)).id == "c"
    await line.say(AgentCancel(run_id="run"))
    complete = await line.hear(AgentComplete)
    assert complete.error == "cancelled"
    assert complete.last_seq == 4


async def test_cancel_while_waiting_and_of_an_unknown_run(
    daemon: Any, device: Any, notes: Path, ask: Ask
) -> None:
    (notes / "a.md").write_text("a")
    line = await daemon.next_line()
    await line.say(ask())
    await manifest(line)
    await line.say(AgentCancel(run_id="run"))
    assert (await line.hear(AgentComplete)).last_seq == 0
    await line.say(AgentCancel(run_id="other"))
    assert (await line.hear(AgentComplete)).run_id == "other"
    await line.say(AgentWant(run_id="run", paths=[], last=True), ask("next"))
    assert (await line.hear(AgentManifest)).run_id == "next"


async def test_a_repeated_run_starts_again_at_one(
    narrow: Limits, daemon: Any, device: Any, notes: Path, ask: Ask
) -> None:
    (notes / "big.md").write_bytes(b"y" * 150_000)
    line = await daemon.next_line()
    await line.say(ask())
    await line.say(AgentWant(run_id="run", paths=list(await manifest(line)), last=True))
    await line.hear(AgentContext)
    assert (await line.hear(AgentData)).seq == 1
    await line.say(ask())
    frame: Any = await line.hear(AgentData | AgentManifest)
    while isinstance(frame, AgentData):
        frame = await line.hear(AgentData | AgentManifest)
    listed = [file.path for file in frame.files] + list(await manifest(line))
    await line.say(AgentWant(run_id="run", paths=listed, last=True))
    await line.say(AgentCredit(run_id="run", bytes=200_000))
    await line.hear(AgentContext)
    files, _ = await contents(line)
    assert files == {f"{notes}/big.md": "y" * 150_000}


async def test_nothing_of_the_older_stream_follows_the_new_manifest(
    daemon: Any, device: Any, notes: Path, ask: Ask
) -> None:
    daemon.limits = Limits(frame_bytes=65_536, file_bytes=33_554_432, credit_bytes=33_554_432)
    (notes / "big.md").write_bytes(b"x" * 33_000_000)
    line = await daemon.next_line()
    await line.say(ask())
    await line.say(AgentWant(run_id="run", paths=list(await manifest(line)), last=True))
    await line.hear(AgentContext)
    await line.hear(AgentData)
    await line.say(ask())
    frame: Any = await line.hear(AgentData | AgentManifest)
    while isinstance(frame, AgentData):
        frame = await line.hear(AgentData | AgentManifest)
    await manifest(line)
    await line.say(AgentCancel(run_id="run"))
    assert (await line.hear(AgentComplete)).last_seq == 0


async def test_runs_stream_at_the_same_time(
    narrow: Limits, daemon: Any, device: Any, notes: Path, ask: Ask
) -> None:
    (notes / "big.md").write_bytes(b"z" * 150_000)
    line = await daemon.next_line()
    for run_id in ("one", "two"):
        await line.say(ask(run_id))
        listed = await manifest(line)
        await line.say(AgentWant(run_id=run_id, paths=list(listed), last=True))
        await line.hear(AgentContext)
        for seq in range(1, 5):
            frame = await line.hear(AgentData)
            assert (frame.run_id, frame.seq) == (run_id, seq)
    for run_id in ("two", "one"):
        await line.say(AgentCredit(run_id=run_id, bytes=200_000))
        for _ in range(6):
            assert (await line.hear(AgentData)).run_id == run_id
        assert (await line.hear(AgentComplete)).run_id == run_id


async def test_a_manifest_of_many_files_comes_whole(
    daemon: Any, device: Any, notes: Path, ask: Ask
) -> None:
    for number in range(1500):
        (notes / f"{number}.md").write_text(str(number))
    line = await daemon.next_line()
    await line.say(ask())
    listed = await manifest(line)
    assert set(listed) == {f"{notes}/{number}.md" for number in range(1500)}


async def test_bad_frames_do_not_end_the_connection(daemon: Any, device: Any) -> None:
    line = await daemon.next_line()
    await line.socket.send_str("not json")
    await line.socket.send_str('{"type":"unheard_of"}')
    await line.socket.send_bytes(b"binary")
    await line.socket.send_str(
        '{"type":"tool_call","id":"c","action":"insert","table":"users","data":{},"deadline_ms":9}'
    )
    answer = await line.hear(ToolResult)
    assert answer.id == "c"
    assert "table" in answer.error
    assert not line.socket.closed
