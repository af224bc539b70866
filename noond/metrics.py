"""What the daemon counts of itself, in the text format of Prometheus.

Labels name routes, states and models, never users or what is theirs: the number of series stays
bounded, and whoever reads them learns nothing about a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from noond import __version__
from noond.models.document import LLMCall

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_MODEL_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_COMMIT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_BATCH_WRITES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """How things are at the moment of a scrape; `frames` and `unexpected` count since the start."""

    devices_online: int
    calls_pending: int
    frames: Mapping[str, int]
    unexpected: Mapping[str, int]
    runs: Mapping[str, int]
    jobs: Mapping[str, int]
    writes_waiting: int
    database_bytes: int


class Metrics:
    """Counts since the daemon's start. The methods may be called from any thread."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("noond_build", "The daemon's version.", registry=registry).info(
            {"version": __version__}
        )
        self._requests = Counter(
            "noond_http_requests_total",
            "HTTP requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._request_seconds = Histogram(
            "noond_http_request_duration_seconds",
            "Time to answer an HTTP request; without WebSockets and event streams.",
            ("method", "route"),
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self._model_calls = Counter(
            "noond_llm_calls_total", "Calls to models.", ("model", "outcome"), registry=registry
        )
        self._model_seconds = Histogram(
            "noond_llm_call_duration_seconds",
            "Time of a call to a model.",
            ("model", "outcome"),
            buckets=_MODEL_SECONDS,
            registry=registry,
        )
        self._tokens = Counter(
            "noond_llm_tokens_total", "Tokens of calls to models.", ("model", "kind"),
            registry=registry,
        )  # fmt: skip
        self._cost = Counter(
            "noond_llm_cost_usd_total",
            "US dollars of calls to models whose price is known.",
            ("model",),
            registry=registry,
        )
        self._unpriced = Counter(
            "noond_llm_unpriced_calls_total",
            "Calls to models whose price is not known.",
            ("model",),
            registry=registry,
        )
        self._commit_seconds = Histogram(
            "noond_db_commit_duration_seconds",
            "Time of a batch of writes, from its first statement to the disk.",
            buckets=_COMMIT_SECONDS,
            registry=registry,
        )
        self._batch_writes = Histogram(
            "noond_db_batch_writes",
            "Units of work that were committed together.",
            buckets=_BATCH_WRITES,
            registry=registry,
        )
        # Looking a child up by its labels costs more than counting.
        self._request_children: dict[tuple[str, str, int], Counter] = {}
        self._second_children: dict[tuple[str, str], Histogram] = {}

    def request(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an HTTP request; `seconds` is None where its duration says nothing."""
        key = (method, route, status)
        counter = self._request_children.get(key)
        if counter is None:
            counter = self._request_children[key] = self._requests.labels(method, route, status)
        counter.inc()
        if seconds is None:
            return
        histogram = self._second_children.get((method, route))
        if histogram is None:
            histogram = self._request_seconds.labels(method, route)
            self._second_children[method, route] = histogram
        histogram.observe(seconds)

    def model_call(self, call: LLMCall) -> None:
        """Count a call to a model."""
        outcome = "answered" if call.success else "failed"
        self._model_calls.labels(call.model, outcome).inc()
        self._model_seconds.labels(call.model, outcome).observe(call.execution_ms / 1000)
        self._tokens.labels(call.model, "prompt").inc(call.prompt_tokens)
        self._tokens.labels(call.model, "completion").inc(call.completion_tokens)
        if call.cost_usd is None:
            self._unpriced.labels(call.model).inc()
        else:
            self._cost.labels(call.model).inc(call.cost_usd)

    def commit(self, writes: int, seconds: float) -> None:
        """Count a batch of writes to the database."""
        self._batch_writes.observe(writes)
        self._commit_seconds.observe(seconds)

    def exposition(self, present: Present) -> bytes:
        """All metrics in CONTENT_TYPE; takes some milliseconds, best spent in a thread."""
        return generate_latest(_Counted(self._registry)) + generate_latest(_Observed(present))


class _Counted(Collector):
    """What was counted, without the times at which counting began: they double the series."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample for sample in metric.samples if not sample.name.endswith("_created")
            ]
            yield metric


class _Observed(Collector):
    """How things are now."""

    def __init__(self, present: Present) -> None:
        self._present = present

    def collect(self) -> Iterator[Metric]:
        present = self._present
        for name, about, value in (
            ("noond_hub_devices_online", "Devices that are online.", present.devices_online),
            ("noond_hub_calls_pending", "Calls that devices owe an answer.", present.calls_pending),
            ("noond_db_writes_waiting", "Units of work that wait to be written.",
             present.writes_waiting),
            ("noond_db_size_bytes", "Size of the database with its log.", present.database_bytes),
        ):  # fmt: skip
            yield GaugeMetricFamily(name, about, value)
        for name, about, values in (
            ("noond_runs", "Runs that have not ended, by state.", present.runs),
            ("noond_jobs", "Background jobs that have not ended, by state.", present.jobs),
        ):
            gauge = GaugeMetricFamily(name, about, labels=("state",))
            for state, value in values.items():
                gauge.add_metric((state,), value)
            yield gauge
        frames = CounterMetricFamily(
            "noond_hub_frames", "Frames from and to devices.", labels=("direction",)
        )
        for direction, value in present.frames.items():
            frames.add_metric((direction,), value)
        yield frames
        unexpected = CounterMetricFamily(
            "noond_hub_unexpected_frames", "Frames that nobody waited for.", labels=("kind",)
        )
        for kind, value in present.unexpected.items():
            unexpected.add_metric((kind,), value)
        yield unexpected
