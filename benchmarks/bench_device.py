"""A device for the benchmarks: sends files from memory as fast as it is allowed to."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import aiohttp

from noond.hub.frames import SUBPROTOCOL

AGENT = {
    "name": "bench",
    "device_id": "bench",
    "directory_paths": ["~/Notes"],
    "file_extensions": [".md"],
    "data_types": ["tasks"],
    "timezone": "UTC",
}
"""An agent on this device."""

_FRAME_CHARACTERS = 200_000


class BenchDevice:
    """Answers runs with the given files (path → text) and every call with an id."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.listed = [
            {
                "path": path,
                "size": len(text.encode()),
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
            }
            for path, text in files.items()
        ]

    async def serve(self, url: str, token: str, http: aiohttp.ClientSession) -> None:
        """Stay connected until cancelled."""
        headers = {"Authorization": f"Bearer {token}"}
        async with http.ws_connect(
            f"{url}/ws/device", protocols=[SUBPROTOCOL], headers=headers, max_msg_size=0
        ) as ws:
            await ws.send_json(
                {"type": "device_hello", "device_id": "bench", "capabilities": ["manifest"]}
            )
            wanted: list[str] = []
            async for message in ws:
                frame = json.loads(message.data)
                if frame["type"] == "tool_call":
                    await ws.send_json(
                        {"type": "tool_result", "id": frame["id"], "result": {"id": frame["id"]}}
                    )
                elif frame["type"] == "agent_run":
                    await self._list(ws, frame["run_id"])
                    wanted = []
                elif frame["type"] == "agent_want":
                    wanted += frame["paths"]
                    if frame["last"]:
                        await self._send(ws, frame["run_id"], wanted)

    async def _list(self, ws: aiohttp.ClientWebSocketResponse, run_id: str) -> None:
        frame: dict[str, Any] = {"type": "agent_manifest", "run_id": run_id}
        for start in range(0, len(self.listed), 1000):
            page = self.listed[start : start + 1000]
            await ws.send_json(frame | {"files": page, "last": False})
        await ws.send_json(frame | {"files": [], "last": True})

    async def _send(
        self, ws: aiohttp.ClientWebSocketResponse, run_id: str, paths: list[str]
    ) -> None:
        number = size = 0
        page: list[dict[str, str]] = []
        for path in paths:
            page.append({"path": path, "content": self.files[path]})
            size += len(self.files[path])
            if size > _FRAME_CHARACTERS or path == paths[-1]:
                number += 1
                frame = {"type": "agent_data", "run_id": run_id, "seq": number, "files": page}
                await ws.send_json(frame)
                page, size = [], 0
        await ws.send_json({"type": "agent_complete", "run_id": run_id, "last_seq": number})
