"""What a daemon makes up for when it starts: the clean-ups whose time it has slept through."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from movable_clock import MovableClock
from running_daemon import new_daemon


async def test_old_rows_are_archived_and_deleted_at_start(tmp_path: Path) -> None:
    clock = MovableClock()
    daemon = new_daemon(tmp_path, clock=clock)
    async with daemon.started() as api:
        await api.pair()
        await api.get("/api/v1/agents")
    async with daemon.started() as api:
        kept = (await api.get("/api/v1/request-logs"))["items"]
        assert [request["endpoint"] for request in kept] == ["/api/v1/agents"]
        assert len((await api.get("/api/v1/audit"))["items"]) == 2
    clock.move(timedelta(days=91))

    async with daemon.started() as api:
        # The missed clean-ups are queued at the start; the requests go after the entries.
        while (await api.get("/api/v1/request-logs"))["items"]:
            pass
        verified = await api.get("/api/v1/audit/verification")
    assert (verified["ok"], verified["archived_rows"]) == (True, 3)
    lines = [
        json.loads(line)
        for file in tmp_path.rglob("archive/audit-*.jsonl")
        for line in file.read_text().splitlines()
    ]
    assert [line["resource"] for line in lines] == ["pairing_code", "device", "audit"]
