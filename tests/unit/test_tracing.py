from __future__ import annotations

import asyncio
import sys
import time

import pytest
from trace_collector import trace_collector

from noond.config import TraceSettings
from noond.errors import ConfigError
from noond.tracing import OFF, open_tracing


async def test_without_a_collector_nothing_is_traced_or_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    async with open_tracing(TraceSettings()) as tracing:
        assert tracing is OFF
        with tracing.span("a", attributes={}) as span:
            span.set({"b": 1})
            span.fail("c")


async def test_a_missing_library_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] == "opentelemetry":
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigError, match=r"pip install .noond\[traces\]"):
        async with open_tracing(TraceSettings(endpoint="http://127.0.0.1:9")):
            pass


async def test_spans_have_parents_kinds_and_failures_without_messages() -> None:
    async with trace_collector() as collector:
        settings = TraceSettings(endpoint=f"{collector.url}/", service_name="mine")
        async with open_tracing(settings) as tracing:

            def work() -> None:
                with (
                    tracing.span("outer", kind="server", attributes={"n": 1}),
                    tracing.span("inner", attributes={"words": ["a", "b"]}) as span,
                ):
                    span.fail("503")
                    with tracing.span("apart", root=True, attributes={}):
                        pass
                    raise ValueError("a secret")

            with pytest.raises(ValueError, match="secret"):
                work()
    outer, inner, apart = map(collector.one, ("outer", "inner", "apart"))
    assert (outer.kind, outer.parent, inner.kind) == ("SERVER", b"", "INTERNAL")
    assert (inner.parent, inner.trace) == (outer.id, outer.trace)
    assert (apart.parent, apart.failed) == (b"", False)
    assert apart.trace != outer.trace
    assert (outer.failed, outer.attributes) == (True, {"n": 1, "error.type": "ValueError"})
    assert inner.attributes == {"words": ["a", "b"], "error.type": "503"}
    (resource,) = collector.resources
    assert resource["service.name"] == "mine"
    assert b"secret" not in b"".join(collector.bodies)


async def test_a_part_of_the_traces_is_sent() -> None:
    async with trace_collector() as collector:
        settings = TraceSettings(endpoint=collector.url, sample_ratio=0)
        async with open_tracing(settings) as tracing:
            with tracing.span("unseen", attributes={}):
                pass
    assert collector.spans == []


async def test_a_collector_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noond.tracing.FLUSH_SECONDS", 0.3)
    async with trace_collector() as collector:
        collector.open_gate.clear()
        began = time.monotonic()
        async with open_tracing(TraceSettings(endpoint=collector.url)) as tracing:
            for _ in range(5000):
                with tracing.span("work", attributes={}):
                    pass
            await asyncio.sleep(0)
        took = time.monotonic() - began
    assert 0.3 <= took < 2
