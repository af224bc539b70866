"""Clients made from the document by others' generators do real work."""

from __future__ import annotations

import asyncio
import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from running_daemon import Api, new_daemon

BIN = Path(sys.executable).parent
NODE = Path(__file__).parents[2] / "servers" / "node"
SECONDS = 60


async def run(*command: str | Path, cwd: Path) -> str:
    """A command's output; fails with what it says when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(SECONDS):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def save_document(api: Api, file: Path) -> None:
    file.write_text(json.dumps(await api.get("/openapi.json")), "utf-8")


async def test_a_python_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = new_daemon(tmp_path)
    async with daemon.started() as api:
        await save_document(api, tmp_path / "openapi.json")
        (tmp_path / "generator.json").write_text('{"post_hooks": []}', "utf-8")
        await run(
            BIN / "openapi-python-client",
            *("generate", "--path", "openapi.json", "--config", "generator.json"),
            *("--meta", "none", "--output-path", "noond_client", "--fail-on-warning"),
            cwd=tmp_path,
        )
        monkeypatch.syspath_prepend(tmp_path)

        def part(name: str) -> Any:
            return importlib.import_module(f"noond_client.{name}")

        models = part("models")
        client = part("client").AuthenticatedClient(base_url=api.url, token=daemon.api_key)
        anybody = part("client").Client(base_url=api.url)
        async with client, anybody:
            code = await part("api.devices.create_device_pairing").asyncio(
                client=client, body=models.NewPairing(device_id="phone")
            )
            device = models.PairDevice(code=code.code, device_id="phone", name="A phone")
            token = await part("api.devices.pair_device").asyncio(client=anybody, body=device)
            wanted = models.NewAgent(
                name="garden",
                device_id="phone",
                directory_paths=["~/Notes"],
                file_extensions=[".md"],
                data_types=[models.Table.TASKS],
            )
            create = part("api.agents.create_agent")
            agent = await create.asyncio(client=client, body=wanted, idempotency_key="once")
            refused = await create.asyncio_detailed(client=client, body=wanted)
            listed = await part("api.agents.list_agents").asyncio(client=client, limit=10)
            started = await part("api.runs.create_agent_run").asyncio(
                agent.id, client=client, body=models.StartRun(mode=models.RunMode.ESTIMATE)
            )
            seen = await part("api.runs.get_run").asyncio(started.run_id, client=client)

    assert token.ws_url.endswith("/ws/device")
    assert isinstance(agent, models.Agent)
    assert (refused.status_code, refused.parsed.code) == (409, "conflict")
    assert [item.id for item in listed.items] == [agent.id]
    assert (seen.agent_id, seen.mode) == (agent.id, models.RunMode.ESTIMATE)
    assert seen.created_at.tzinfo is not None


async def test_a_typescript_client(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(NODE / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    shutil.copy(NODE / "generated_client.ts", tmp_path)
    modules = tmp_path / "node_modules"
    daemon = new_daemon(tmp_path)
    async with daemon.started() as api:
        await save_document(api, tmp_path / "openapi.json")
        await run(
            BIN / "node",
            modules / "openapi-typescript" / "bin" / "cli.js",
            *("openapi.json", "--output", "noond-api.d.ts", "--default-non-nullable=false"),
            cwd=tmp_path,
        )
        await run(
            BIN / "node",
            modules / "typescript" / "bin" / "tsc",
            *("--strict", "--skipLibCheck", "--target", "es2022", "--module", "es2022"),
            *("--moduleResolution", "bundler", "--lib", "es2022,dom", "generated_client.ts"),
            cwd=tmp_path,
        )
        done = json.loads(
            await run(BIN / "node", "generated_client.js", api.url, daemon.api_key, cwd=tmp_path)
        )
        (agent,) = (await api.get("/api/v1/agents"))["items"]

    assert done == {
        "agent_id": agent["id"],
        "listed": ["garden"],
        "refused": "conflict",
        "role": "user",
        "status": "waiting",
    }
