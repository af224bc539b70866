"""A scrape: what was counted, and how things are now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from noond.hub.hub import Hub
from noond.metrics import Metrics, Present
from noond.store import counts
from noond.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """Looks at the parts when it is asked, and never before."""

    metrics: Metrics
    database: Database
    hub: Hub

    async def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        active_runs = await self.database.read(counts.active_runs_all_users)
        active_jobs = await self.database.read(counts.active_jobs_all_users)
        hub = self.hub
        present = Present(
            devices_online=len(hub.online_devices()),
            calls_pending=hub.calls_pending,
            frames={"received": hub.frames.received, "sent": hub.frames.sent},
            unexpected={"run": hub.dropped_frames, "result": hub.late_results},
            runs=active_runs,
            jobs=active_jobs,
            writes_waiting=self.database.writes_waiting,
            database_bytes=await asyncio.to_thread(self.database.size_bytes),
        )
        return await asyncio.to_thread(self.metrics.exposition, present)
