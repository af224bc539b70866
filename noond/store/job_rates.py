"""What a claim asks of whoever counts starts; the job engine has an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Rates(Protocol):
    """Who says how many may start now; what starts is counted when the claim is on the disk."""

    def room(self, kind: str, name: str) -> int | None:
        """Free starts of the type or queue; None without a limit."""
        ...

    def key_room(self, job_type: str, key: str) -> int | None:
        """Free starts of the type's rate key; None without a limit."""
        ...

    def key_held(self, job_type: str, key: str) -> None:
        """Jobs of the key are held back until it is released."""
        ...

    def released_keys(self) -> Sequence[tuple[str, int]]:
        """Rate keys that have room again, and how much."""
        ...


class Unlimited:
    """Nothing is limited."""

    def room(self, kind: str, name: str) -> int | None:  # noqa: ARG002
        return None

    def key_room(self, job_type: str, key: str) -> int | None:  # noqa: ARG002
        return None

    def key_held(self, job_type: str, key: str) -> None:
        raise AssertionError(f"{job_type} has no limit for {key}")

    def released_keys(self) -> Sequence[tuple[str, int]]:
        return ()
