"""How much of a run's files the daemon is ready to take."""

from __future__ import annotations

import asyncio


class Credit:
    """Bytes of whole data frames that may still be sent; one sender takes, grants add up."""

    def __init__(self, initial: int) -> None:
        self._left = initial
        self._granted = asyncio.Event()

    def grant(self, amount: int) -> None:
        """Allow `amount` bytes more."""
        self._left += amount
        self._granted.set()

    async def take(self, amount: int) -> None:
        """Use `amount` bytes; waits until they are there."""
        while self._left < amount:
            self._granted.clear()
            await self._granted.wait()
        self._left -= amount
