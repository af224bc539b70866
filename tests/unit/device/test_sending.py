"""Credit, queue order and the waits between tries."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given
from hypothesis import strategies as st

from noond.device.backoff import Backoff
from noond.device.credit import Credit
from noond.device.outbox import Outbox
from noond.hub.frames import ToolResult


@given(
    initial=st.integers(0, 5000),
    frames=st.lists(st.integers(1, 3000), max_size=12),
    grants=st.lists(st.integers(1, 4000), max_size=12),
)
def test_never_more_is_taken_than_was_allowed(
    initial: int, frames: list[int], grants: list[int]
) -> None:
    async def stream() -> None:
        credit = Credit(initial)
        allowed, sent = initial, 0

        async def send_all() -> None:
            nonlocal sent
            for size in frames:
                await credit.take(size)
                sent += size
                assert sent <= allowed

        sending = asyncio.create_task(send_all())
        for grant in grants:
            await asyncio.sleep(0)
            allowed += grant
            credit.grant(grant)
        for _ in range(3):
            await asyncio.sleep(0)
        unsent = sum(frames) - sent
        credit.grant(unsent or 1)
        allowed += unsent or 1
        await asyncio.wait_for(sending, 5)
        assert sent == sum(frames)

    asyncio.run(stream())


class SlowSocket:
    """Takes a frame only when it is let to."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.asked = asyncio.Event()
        self.let = asyncio.Semaphore(0)

    async def send(self, message: bytes) -> None:
        self.asked.set()
        await self.let.acquire()
        self.frames.append(message)


async def test_answers_go_before_files_and_withdrawn_frames_never() -> None:
    socket, outbox = SlowSocket(), Outbox()
    writing = asyncio.create_task(outbox.write_all(socket.send))
    first, second, third = (
        asyncio.create_task(outbox.bulk(message)) for message in (b"one", b"two", b"three")
    )
    await socket.asked.wait()
    answer = ToolResult(id="c", result={})
    outbox.control(answer)
    second.cancel()
    for _ in range(3):
        socket.let.release()
    await asyncio.wait_for(asyncio.gather(first, third), 5)
    assert socket.frames == [b"one", answer.encode().encode(), b"three"]
    writing.cancel()


def test_waits_grow_to_a_minute_with_full_jitter_and_start_again() -> None:
    backoff = Backoff(random.Random(1))
    rounds = [[backoff.next_wait() for _ in range(12)]]
    for _ in range(200):
        backoff.reset()
        rounds.append([backoff.next_wait() for _ in range(12)])
    bounds = [min(60.0, 0.5 * 2**number) for number in range(12)]
    for number, bound in enumerate(bounds):
        waits = [waits[number] for waits in rounds]
        assert max(waits) <= bound
        assert max(waits) > bound * 0.9
        assert min(waits) < bound * 0.1
