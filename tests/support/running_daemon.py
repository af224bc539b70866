"""A daemon for tests: the real one, in a directory of its own, on a free loopback port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from noond.accounts.setup import init_data_dir
from noond.app import open_daemon
from noond.clock import Clock
from noond.config import load_settings


class Api:
    """The daemon's HTTP API with the first user's key."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self._http = http

    async def request(
        self, method: str, path: str, body: Any = None, *, expect: int | None = None
    ) -> Any:
        """The reply's JSON; fails when the status is not the expected one (below 300 if none)."""
        async with self._http.request(method, self.url + path, json=body) as response:
            reply = None if response.status == 204 else await response.json()
            ok = response.status == expect if expect else response.status < 300
            assert ok, (response.status, reply)
            return reply

    async def get(self, path: str, **kwargs: Any) -> Any:
        """See request."""
        return await self.request("GET", path, **kwargs)

    async def text(self, path: str) -> str:
        """The whole of a reply that is no JSON."""
        async with self._http.get(self.url + path) as response:
            assert response.status == 200, response.status
            return await response.text()

    async def post(self, path: str, body: Any = None, **kwargs: Any) -> Any:
        """See request."""
        return await self.request("POST", path, body, **kwargs)

    async def pair(self, device_id: str = "laptop") -> str:
        """Pair a device; returns its token."""
        code = (await self.post("/api/v1/devices/pairings", {"device_id": device_id}))["code"]
        paired = await self.post(
            "/api/v1/devices/pair", {"code": code, "device_id": device_id, "name": device_id}
        )
        return str(paired["device_token"])

    async def add_agent(self, **changes: Any) -> str:
        """Create an agent for tasks and notes in Markdown files; returns its id."""
        body = {
            "name": "inbox",
            "device_id": "laptop",
            "directory_paths": ["~/Notes"],
            "file_extensions": [".md"],
            "data_types": ["tasks", "notes"],
            "timezone": "UTC",
            **changes,
        }
        return str((await self.post("/api/v1/agents", body))["id"])

    async def start_run(self, agent_id: str) -> str:
        """Start a run; returns its id."""
        return str((await self.post(f"/api/v1/agents/{agent_id}/runs"))["run_id"])

    async def run(self, run_id: str) -> dict[str, Any]:
        """The run as it is now."""
        reply = await self.get(f"/api/v1/runs/{run_id}")
        assert isinstance(reply, dict)
        return reply

    async def records(self, run_id: str) -> list[dict[str, Any]]:
        """The run's records."""
        reply = await self.get(f"/api/v1/runs/{run_id}/records?limit=200")
        items: list[dict[str, Any]] = reply["items"]
        return items

    async def until(self, run_id: str, *statuses: str) -> dict[str, Any]:
        """Follow the run's events until it has one of these statuses (by default: a final one)."""
        wanted = statuses or ("success", "partial", "error", "cancelled", "interrupted")
        path = f"{self.url}/api/v1/runs/{run_id}/events"
        async with self._http.get(path) as response:
            assert response.status == 200
            async for _ in response.content:
                run = await self.run(run_id)
                if run["status"] in wanted:
                    return run
        raise AssertionError(f"the run never became {wanted}: {await self.run(run_id)}")


class RunningDaemon:
    """A daemon that can be stopped and started again on the same data."""

    def __init__(self, data_dir: Path, api_key: str, *, user_id: str, clock: Clock | None) -> None:
        self.data_dir = data_dir
        self.api_key = api_key
        self.user_id = user_id
        self._clock = clock

    @asynccontextmanager
    async def started(self, **sections: dict[str, Any]) -> AsyncIterator[Api]:
        """Run it with these settings by section; gives its API."""
        flags = {**sections, "server": {"port": 0, **sections.get("server", {})}}
        flags["server"]["data_dir"] = self.data_dir
        settings = load_settings(flags=flags, environ={})
        headers = {"Authorization": f"Bearer {self.api_key}"}
        async with (
            open_daemon(settings, clock=self._clock) as daemon,
            aiohttp.ClientSession(headers=headers) as http,
        ):
            yield Api(http, daemon.url)


def new_daemon(directory: Path, *, clock: Clock | None = None) -> RunningDaemon:
    """Initialise a data directory below this one."""
    made = init_data_dir(directory / "data", timezone="UTC")
    return RunningDaemon(made.data_dir, made.api_key, user_id=made.user_id, clock=clock)
