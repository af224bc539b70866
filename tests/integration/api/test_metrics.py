"""/metrics: what is counted, in a form that Prometheus takes, and nothing about a person."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from noond.metrics import Metrics, Present
from noond.models.account import Role, Scope
from noond.models.document import LLMCall

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Series:
    """Every sample by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def series(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def scrape(world: World, *, key: str = "ana") -> Series:
    reply = await world.send("GET", "/metrics", key=key)
    assert reply.status == 200, reply.text
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parsed(reply.text)


def call(*, cost_usd: float | None = 0.25, success: bool = True) -> LLMCall:
    return LLMCall(
        id="c",
        model="small",
        prompt_tokens=1000,
        completion_tokens=100,
        cost_usd=cost_usd,
        execution_ms=700,
        success=success,
        error=None if success else "gone",
        started_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
    )


async def test_only_those_with_the_scope_may_read_them(world: World) -> None:
    await world.add_user("adam", Role.ADMIN)
    await world.add_user("vera", Role.VIEWER)
    await world.add_key("prometheus", "adam", Scope.METRICS_READ)
    await world.add_key("reader", "ana", "read")
    statuses = {
        key: (await world.send("GET", "/metrics", key=key)).status
        for key in ("prometheus", "adam", "ana", "reader", "ben", "vera", None)
    }
    assert statuses == {
        "prometheus": 200, "adam": 200, "ana": 200,
        "reader": 403, "ben": 403, "vera": 403, None: 401,
    }  # fmt: skip


async def test_requests_are_counted_by_the_route_as_declared(world: World) -> None:
    await world.send("GET", "/api/v1/agents")
    await world.send("GET", "/api/v1/agents/nothing-here")
    await world.send("GET", "/api/v1/agents/nothing-there")
    await world.send("GET", "/health/live", key=None, headers={"Host": "foreign.example"})
    await world.send("GET", "/wp-login.php", key=None)
    await world.send("PROPFIND", "/api/v1/agents", key=None)
    found = await scrape(world)
    counted = {
        tuple(dict(labels)[name] for name in ("method", "route", "status")): value
        for (metric, labels), value in found.items()
        if metric == "noond_http_requests_total"
    }
    assert counted == {
        ("GET", "/api/v1/agents", "200"): 1,
        ("GET", "/api/v1/agents/{agent_id}", "404"): 2,
        ("GET", "/health/live", "421"): 1,
        ("other", "none", "404"): 1,
        ("other", "none", "405"): 1,
    }
    seconds = "noond_http_request_duration_seconds_count"
    assert found[series(seconds, method="GET", route="/api/v1/agents/{agent_id}")] == 2


async def test_devices_runs_jobs_and_the_database_as_they_are_now(world: World) -> None:
    token = await world.pair("laptop")
    agent = await world.new_agent()
    before = await scrape(world)
    async with world.connect(token) as socket:
        hello = {
            "type": "device_hello", "device_id": "laptop", "platform": "linux",
            "app_version": "1.0", "capabilities": [],
        }  # fmt: skip
        await socket.send_json(hello)
        assert (await socket.receive_json())["type"] == "welcome"
        await world.send("POST", f"/api/v1/agents/{agent['id']}/runs")
        found = await scrape(world)
    assert before[series("noond_hub_devices_online")] == 0
    assert found[series("noond_hub_devices_online")] == 1
    assert found[series("noond_hub_calls_pending")] == 0
    assert found[series("noond_hub_frames_total", direction="received")] == 1
    assert found[series("noond_hub_frames_total", direction="sent")] == 1
    assert before[series("noond_runs", state="queued")] == 0
    assert found[series("noond_runs", state="queued")] == 1
    assert found[series("noond_jobs", state="pending")] == 1
    assert found[series("noond_db_size_bytes")] > 100_000
    batches = found[series("noond_db_batch_writes_count")]
    assert batches == found[series("noond_db_commit_duration_seconds_count")] > 0
    assert found[series("noond_db_batch_writes_sum")] >= batches


async def test_calls_to_models_are_counted(world: World) -> None:
    for each in (call(), call(success=False), call(cost_usd=None)):
        world.metrics.model_call(each)
    found = await scrape(world)
    assert found[series("noond_llm_calls_total", model="small", outcome="answered")] == 2
    assert found[series("noond_llm_calls_total", model="small", outcome="failed")] == 1
    assert found[series("noond_llm_tokens_total", model="small", kind="prompt")] == 3000
    assert found[series("noond_llm_tokens_total", model="small", kind="completion")] == 300
    assert found[series("noond_llm_cost_usd_total", model="small")] == 0.5
    assert found[series("noond_llm_unpriced_calls_total", model="small")] == 1
    bucket = "noond_llm_call_duration_seconds_bucket"
    assert found[series(bucket, model="small", outcome="answered", le="0.5")] == 0
    assert found[series(bucket, model="small", outcome="answered", le="1.0")] == 2


async def test_no_label_tells_of_a_person(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent(name="Secret garden")
    await world.send("GET", f"/api/v1/agents/{agent['id']}", key="ben")
    await world.send("GET", "/api/v1/agents?name=Secret", key="ben")
    world.metrics.model_call(call())
    found = await scrape(world)
    names = {name for name, labels in found for _ in labels}
    labels = {label for _, each in found for label, _ in each}
    values = " ".join(value for _, each in found for _, value in each)
    assert names
    assert labels == {
        "method", "route", "status", "direction", "kind", "state", "model", "outcome", "le",
        "version",
    }  # fmt: skip
    for private in ("ana", "ben", "laptop", "ecret", agent["id"]):
        assert private not in values.replace("unchanged", "")


async def test_strange_requests_are_one_series(world: World) -> None:
    before = len(await scrape(world))
    for number in range(50):
        await world.send("GET", f"/nothing/{number}", key=None)
        await world.send(("PUT", "PROPFIND", "LOCK")[number % 3], f"/{number}", key=None)
    after = len(await scrape(world))
    # One counter and one histogram more, and those of the first scrape.
    assert after - before <= 2 * (1 + 15) + 1


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
async def test_promtool_has_nothing_to_say(world: World) -> None:
    await world.send("GET", "/api/v1/agents")
    world.metrics.model_call(call())
    world.metrics.model_call(call(cost_usd=None, success=False))
    text = (await world.send("GET", "/metrics")).text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_two_daemons_in_one_process_count_for_themselves() -> None:
    nothing = Present(
        devices_online=0,
        calls_pending=0,
        frames={},
        unexpected={},
        runs={},
        jobs={},
        writes_waiting=0,
        database_bytes=0,
    )
    one, other = Metrics(), Metrics()
    one.commit(5, 0.001)
    counted = [
        parsed(each.exposition(nothing).decode())[series("noond_db_batch_writes_sum")]
        for each in (one, other)
    ]
    assert counted == [5, 0]
