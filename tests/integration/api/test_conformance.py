"""The daemon answers as its document says, whatever it is sent: schemathesis tries."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openapi_schema_validator import OAS31Validator
from running_daemon import Api, RunningDaemon, new_daemon
from scripted_device import ScriptedDevice, scripted_device

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
NOTES = {"a.md": "- [ ] Send the contract\n", "b.md": "- [ ] Water the plants\n"}
FAILING_AT_ONCE: dict[str, dict[str, Any]] = {
    "jobs": {"max_retries": 0},
    "findings": {"failures_in_row": 1},
}
NO_LIMIT = {f"{kind}_per_minute": 1_000_000 for kind in ("reads", "writes", "invokes", "streams")}

NEEDS_MORE = {
    "connect_device",  # a WebSocket, which schemathesis does not open
    "follow_events",
    "pair_device",  # a valid code, which it can't guess
    "login",  # a password, for the same reason
    "change_password",
    "refresh_tokens",
    "logout",  # an access token: an API key has no sign-in to end
    "retry_job",  # a job that has failed, and was not deleted by another call
}
"""What it can't bring to succeed; the tests of these routes do."""

QUESTION = {"message": "Which agents do I have?"}
MESSAGE_AT_NEW_YEAR = {**QUESTION, "cron": "0 0 1 1 *"}

CONFIG = """
[generation]
deterministic = true
database = "none"

[parameters]
{parameters}

[checks]
# A cron line, a zone or a cursor may be wrong in ways that no schema tells: 400 is right for it.
positive_data_acceptance.expected-statuses = [200, 201, 202, 204, 400, 401, 403, 404, 409, 429]
# `DELETE /api/v1/devices/pair` is the removal of a device with that id, so `Allow` names it.
allow_header_conformance.enabled = false

[phases]
# One method that a path does not have stands for all; and chained calls would, sooner or later,
# revoke the key that all calls are made with.
coverage.unexpected-methods = ["PUT"]
stateful.enabled = false

[[operations]]
include-operation-id = ["login", "change_password", "create_user", "set_user_password"]
# Hashing a password takes a tenth of a second: fewer tries for these.
phases.coverage.enabled = false

[[operations]]
include-operation-id = "delete_agent"
parameters = {{ agent_id = "{spare_agent}" }}

[[operations]]
include-operation-id = "delete_device"
parameters = {{ device_id = "spare" }}

[[operations]]
include-operation-id = ["invoke_agent", "invoke_agent_async", "stream_agent"]
parameters = {{ agent_id = "assistant" }}

[[operations]]
include-operation-id = "delete_conversation"
parameters = {{ conversation_id = "{spare_conversation}" }}

[[operations]]
include-operation-id = "delete_schedule"
parameters = {{ schedule_id = "{spare_schedule}" }}

[[operations]]
include-operation-id = "delete_user"
parameters = {{ user_id = "{spare_user}" }}

[[operations]]
include-operation-id = "delete_api_key"
parameters = {{ key_id = "{spare_key}" }}

[[operations]]
include-operation-id = ["apply_run", "list_run_proposals"]
parameters = {{ run_id = "{dry_run}" }}

[[operations]]
include-operation-id = "watch_run"
# OpenAPI 3.1 describes a stream as text; its events are looked at in the test.
checks.response_schema_conformance.enabled = false

[[operations]]
include-operation-id = "connect_device"
# What is no upgrade is refused before its credential is looked at.
checks.missing_required_header.enabled = false
checks.ignored_auth.enabled = false
"""


async def finished_run(
    api: Api, device: ScriptedDevice, agent_id: str, *, mode: str, records: int
) -> str:
    """The id of a run over the notes that has ended."""
    started = await api.post(f"/api/v1/agents/{agent_id}/runs", {"mode": mode})
    run_id: str = started["run_id"]
    await device.expect("agent_run")
    wanted = await device.send_manifest(run_id, NOTES)
    await device.send_files(run_id, {path: NOTES[path] for path in wanted})
    await device.answer_all(records)
    await api.until(run_id)
    return run_id


async def configuration(api: Api, daemon: RunningDaemon) -> str:
    """schemathesis's, with the ids of things that are there."""
    await api.pair("spare")
    async with scripted_device(api.url, await api.pair()) as device:
        await device.hello("manifest", "delete")
        agent_id = await api.add_agent()
        before = await finished_run(api, device, agent_id, mode="full", records=2)
        dry_run = await finished_run(
            api, device, await api.add_agent(name="dry"), mode="dry_run", records=0
        )
        after = await finished_run(api, device, agent_id, mode="full", records=0)
    parameters = {
        "agent_id": agent_id,
        "run_id": before,
        "before_id": before,
        "after_id": after,
        "device_id": "laptop",
        "user_id": await made(api, "users", {"name": "ben"}),
        "key_id": await made(api, "api-keys", {"name": "kept", "scopes": ["read"]}),
        "file": "page.js",
        "job_id": await waiting_job(api),
        "finding_id": await finding(api, daemon),
        "conversation_id": await made(api, "conversations", {}),
        "schedule_id": await made(api, "schedules", {"name": "kept", **MESSAGE_AT_NEW_YEAR}),
        "task_id": (await api.post("/api/v1/agents/assistant/invoke-async", QUESTION))["task_id"],
        "batch_id": (await api.post("/api/v1/agents/invoke-batch", {"invocations": [QUESTION]}))[
            "batch_id"
        ],
    }
    return CONFIG.format(
        parameters="\n".join(f'"path.{name}" = "{value}"' for name, value in parameters.items()),
        spare_conversation=await made(api, "conversations", {}),
        spare_schedule=await made(api, "schedules", {"name": "spare", **MESSAGE_AT_NEW_YEAR}),
        spare_agent=await api.add_agent(name="spare"),
        spare_user=await made(api, "users", {"name": "spare"}),
        spare_key=await made(api, "api-keys", {"name": "spare", "scopes": ["read"]}),
        dry_run=dry_run,
    )


async def waiting_job(api: Api) -> str:
    """The id of the job of a run that waits for its device, which is away."""
    await api.start_run(await api.add_agent(name="waits"))
    found = await api.get("/api/v1/jobs?job_type=agent_run&limit=1")
    return str(found["items"][0]["id"])


async def finding(api: Api, daemon: RunningDaemon) -> str:
    """The id of what there is to say of a clean-up that fails."""
    (daemon.data_dir / "tmp").rmdir()
    await api.post("/api/v1/jobs", {"type": "clean_up_temp_files"})
    while not (found := (await api.get("/api/v1/findings"))["items"]):
        pass
    (daemon.data_dir / "tmp").mkdir()
    return str(found[0]["id"])


async def made(api: Api, noun: str, body: dict[str, Any]) -> str:
    """The id of a new thing."""
    return str((await api.post(f"/api/v1/{noun}", body))["id"])


async def try_everything(
    api: Api, daemon: RunningDaemon, directory: Path, *options: str
) -> dict[str, set[int]]:
    """Let schemathesis send what it thinks of; gives the statuses by operation id."""
    har = directory / "traffic.har"
    document = await api.get("/openapi.json")
    # From a file: the address that a document was loaded from is not tried.
    (directory / "openapi.json").write_text(json.dumps(document), "utf-8")
    (directory / "schemathesis.toml").write_text(await configuration(api, daemon), "utf-8")
    process = await asyncio.create_subprocess_exec(
        SCHEMATHESIS,
        *("--config-file", "schemathesis.toml", "run", "openapi.json", "--url", api.url),
        *("--seed", "7", "--continue-on-failure", "--no-color"),
        *("--warnings", "off", "--report-har-path", har.name),
        *options,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return statuses(document, json.loads(har.read_text("utf-8")))


def statuses(document: dict[str, Any], traffic: dict[str, Any]) -> dict[str, set[int]]:
    """Which statuses each operation was seen to answer with."""
    # Paths without parameters first, as the daemon has it.
    paths = sorted(document["paths"], key=lambda path: path.count("{"))
    patterns = {path: re.compile(re.sub(r"{\w+}", "[^/]+", path)) for path in paths}
    seen = defaultdict(set)
    for entry in traffic["log"]["entries"]:
        asked = urlsplit(entry["request"]["url"]).path
        for path in paths:
            operation = document["paths"][path].get(entry["request"]["method"].lower())
            if operation and patterns[path].fullmatch(asked):
                seen[operation["operationId"]].add(entry["response"]["status"])
                break
    return seen


@pytest.fixture
def daemon(tmp_path: Path) -> RunningDaemon:
    return new_daemon(tmp_path)


@pytest.mark.timeout(300)  # well below a minute on an idle machine
async def test_every_answer_is_documented(tmp_path: Path, daemon: RunningDaemon) -> None:
    async with daemon.started(
        **FAILING_AT_ONCE, limits={**NO_LIMIT, "failures_per_minute": 1_000_000}
    ) as api:
        seen = await try_everything(
            api,
            daemon,
            tmp_path,
            *("--max-examples", "3", "--header", f"Authorization: Bearer {daemon.api_key}"),
        )

        document = await api.get("/openapi.json")
        everything = {
            operation["operationId"]
            for item in document["paths"].values()
            for operation in item.values()
        }
        assert set(seen) == everything
        assert {name for name in everything if min(seen[name]) >= 300} <= NEEDS_MORE


async def test_without_a_credential_too(tmp_path: Path, daemon: RunningDaemon) -> None:
    async with daemon.started(**FAILING_AT_ONCE, limits=NO_LIMIT) as api:
        seen = await try_everything(
            api,
            daemon,
            tmp_path,
            *("--phases", "fuzzing", "--mode", "positive", "--max-examples", "1"),
            *("--generation-with-security-parameters", "false"),
        )

        document = await api.get("/openapi.json")
        private = {
            operation["operationId"]
            for item in document["paths"].values()
            for operation in item.values()
            if {"apiKeyAuth": []} in operation["security"]
        }
        assert {name: seen[name] for name in private} == {name: {401} for name in private}


async def test_the_events_of_a_stream_are_as_described(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        run_id = await finished_run(api, device, await api.add_agent(), mode="full", records=2)
        document = await api.get("/openapi.json")
        described = document["paths"]["/api/v1/runs/{run_id}/events"]["get"]["responses"]["200"]
        schema = described["content"]["text/event-stream"]["schema"]["x-event"]

        text = await api.text(f"/api/v1/runs/{run_id}/events")

    (event,) = [block for block in text.replace("\r", "").split("\n\n") if block]
    fields = dict(line.split(": ", 1) for line in event.splitlines())
    validator = OAS31Validator({**schema, "components": document["components"]})
    validator.validate({"event": fields["event"], "data": json.loads(fields["data"])})
