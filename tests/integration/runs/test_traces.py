"""A daemon with a collector: requests, jobs, runs and calls to models, and no content."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from movable_clock import MovableClock
from running_daemon import new_daemon
from scripted_device import scripted_device
from stub_model import stub_model
from trace_collector import trace_collector

FILES = {"a.md": "TODO send the contract\n"}


async def test_a_run_is_traced_from_its_job_to_its_calls(tmp_path: Path) -> None:
    daemon = new_daemon(tmp_path, clock=MovableClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC)))
    async with (
        trace_collector() as collector,
        stub_model() as model,
        daemon.started(llm=model.settings(), traces={"endpoint": collector.url}) as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        await device.send_files(run_id, FILES)
        await device.answer_all(1)
        await api.until(run_id)
        await api.request("GET", "/api/v1/runs/none", expect=404)
    job = next(span for span in collector.spans if span.name == "job agent_run")
    runs = {span.id: span for span in collector.spans if span.name == "invoke_agent"}
    call = collector.one("chat stub")
    assert job.parent == b""
    assert job.attributes["noond.job.type"] == "agent_run"
    assert {span.attributes["noond.run.id"] for span in runs.values()} == {run_id}
    assert call.parent in runs
    assert (call.kind, call.failed) == ("CLIENT", False)
    assert call.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "stub",
        "gen_ai.request.max_tokens": 2000,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "server.address": "127.0.0.1",
        "server.port": int(model.url.split(":")[2].split("/")[0]),
    }
    asked = [
        span.attributes["http.response.status_code"]
        for span in collector.spans
        if span.name == "GET /api/v1/runs/{run_id}"
    ]
    assert set(asked) == {200, 404}
    sent = b"".join(collector.bodies)
    for content in (b"contract", b"a.md", daemon.api_key.encode()):
        assert content not in sent
