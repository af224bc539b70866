"""A basic device for noond: python device.py FOLDER, with the answer to pairing in device.json."""
# ruff: noqa: ASYNC240, S311, T201

import asyncio
import base64
import json
import random
import sqlite3
import sys
from pathlib import Path

import aiohttp

ALLOWED = Path(sys.argv[1]).resolve()  # nothing else is ever read
db = sqlite3.connect("device.db")
db.execute("CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, tbl, data, source)")
db.execute("CREATE TABLE IF NOT EXISTS applied (call_id PRIMARY KEY, result)")


def apply(call):
    with db:  # one transaction: a repeated id changes nothing and gets its first answer
        row = db.execute("SELECT result FROM applied WHERE call_id = ?", [call["id"]]).fetchone()
        if row is None:
            record = (call["table"], json.dumps(call["data"]), json.dumps(call.get("source")))
            made = db.execute("INSERT INTO records VALUES (NULL, ?, ?, ?)", record)
            row = (json.dumps({"id": str(made.lastrowid)}),)
            db.execute("INSERT INTO applied VALUES (?, ?)", (call["id"], *row))
    return {"type": "tool_result", "id": call["id"], "result": json.loads(row[0])}


def files(config):
    for root in (Path(path).expanduser().resolve() for path in config["paths"]):
        if not root.is_relative_to(ALLOWED):
            raise PermissionError(f"{root} is not allowed")
        for path in root.rglob("*"):
            wanted = path.suffix.lower() in config["file_extensions"] and path.is_file()
            if not wanted or path.is_symlink():
                continue
            file = {"path": str(path), "modified_at": int(path.stat().st_mtime * 1000)}
            if path.stat().st_size > 700_000:  # in base64 it would not fit a frame of 1 MiB
                yield file | {"error": "too large for this device"}
            else:
                content = base64.b64encode(path.read_bytes()).decode()
                yield file | {"content": content, "encoding": "base64"}


async def stream(ws, run):
    of_run = {"run_id": run["run_id"]}
    seq = 0
    try:
        for seq, file in enumerate(files(run["config"]), 1):
            await ws.send_json({"type": "agent_data", **of_run, "seq": seq, "files": [file]})
    except OSError as error:
        of_run["error"] = str(error)
    await ws.send_json({"type": "agent_complete", **of_run, "last_seq": seq})


async def serve(http):
    paired = json.loads(Path("device.json").read_text())
    token = {"Authorization": f"Bearer {paired['device_token']}"}
    socket = http.ws_connect(paired["ws_url"], headers=token, protocols=["noond.v1"])
    async with socket as ws, asyncio.TaskGroup() as streams:
        await ws.send_json({"type": "device_hello", "device_id": paired["device_id"]})
        async for message in ws:
            frame = message.json()
            if frame["type"] == "agent_run":
                streams.create_task(stream(ws, frame))
            elif frame["type"] == "tool_call":
                await ws.send_json(apply(frame))
    if ws.close_code == 1009 or ws.close_code >= 4100:
        sys.exit(f"closed with {ws.close_code}: trying again is no use")


async def main():
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                await serve(http)
            except* (aiohttp.ClientError, OSError) as lost:
                print(lost.exceptions[0], flush=True)
            await asyncio.sleep(1 + random.random())


asyncio.run(main())
