"""Traces of what the daemon does, sent to an OpenTelemetry collector: off unless one is named.

Spans tell of times, kinds and figures, never of what was asked or answered, nor of who asked.
OpenTelemetry is imported only when it is needed: it takes half a second.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

import structlog

from noond import __version__
from noond.config import TraceSettings
from noond.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span as OpenTelemetrySpan

log = structlog.get_logger(__name__)

Attributes: TypeAlias = Mapping[str, str | int | float | Sequence[str]]
Kind: TypeAlias = Literal["internal", "server", "client"]

FLUSH_SECONDS: Final = 2.0
"""How long a stop waits for the last spans to be taken."""

_EXPORT_SECONDS: Final = 5.0
_BATCH_SECONDS: Final = 2.0
_PATH: Final = "/v1/traces"


class Span(Protocol):
    """Something that takes a while; its parent is the span around it."""

    def set(self, attributes: Attributes) -> None:
        """Tell more of it."""
        ...

    def fail(self, kind: str) -> None:
        """It failed: `kind` is its `error.type`. What is told first stays."""
        ...


class Tracing(Protocol):
    """Makes spans."""

    def span(
        self, name: str, *, kind: Kind = "internal", root: bool = False, attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """A span as long as the block; an exception fails it. `root`: it begins a trace."""
        ...


class _Untold:
    """A span that nobody hears of."""

    def set(self, attributes: Attributes) -> None:
        """See Span."""

    def fail(self, kind: str) -> None:
        """See Span."""

    def __enter__(self) -> _Untold:
        return self

    def __exit__(self, *_: object) -> None:
        return None


_UNTOLD: Final = _Untold()


class _Off:
    """No traces."""

    def span(
        self,
        name: str,  # noqa: ARG002 - nobody hears of it
        *,
        kind: Kind = "internal",  # noqa: ARG002
        root: bool = False,  # noqa: ARG002
        attributes: Attributes,  # noqa: ARG002
    ) -> AbstractContextManager[Span]:
        """See Tracing."""
        return _UNTOLD


OFF: Final[Tracing] = _Off()


@asynccontextmanager
async def open_tracing(settings: TraceSettings) -> AsyncIterator[Tracing]:
    """Traces to the collector that the settings name; OFF without one.

    Spans are sent by a thread of their own, in batches; those that it can't get rid of are
    dropped. At exit it has FLUSH_SECONDS for the rest. Raises ConfigError when the library is not
    installed.
    """
    if settings.endpoint is None:
        yield OFF
        return
    try:
        provider, exporter = await asyncio.to_thread(_open, settings, settings.endpoint)
    except ImportError:
        raise ConfigError(
            'traces.endpoint needs a library that is not installed: pip install "noond[traces]"'
        ) from None
    try:
        yield _OpenTelemetry(provider)
    finally:
        await _shut_down(provider, exporter)


def _open(settings: TraceSettings, endpoint: str) -> tuple[TracerProvider, SpanExporter]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - see above
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    provider = TracerProvider(
        resource=Resource.create(
            {"service.name": settings.service_name, "service.version": __version__}
        ),
        sampler=ParentBased(TraceIdRatioBased(settings.sample_ratio)),
        shutdown_on_exit=False,
    )
    address = endpoint.rstrip("/")
    exporter = OTLPSpanExporter(
        endpoint=address if address.endswith(_PATH) else address + _PATH, timeout=_EXPORT_SECONDS
    )
    provider.add_span_processor(
        BatchSpanProcessor(exporter, schedule_delay_millis=_BATCH_SECONDS * 1000)
    )
    return provider, exporter


async def _shut_down(provider: TracerProvider, exporter: SpanExporter) -> None:
    # In a thread that may be left behind: a collector that does not answer holds no stop up.
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    given_up = False

    def flush() -> None:
        provider.shutdown()
        if not given_up:
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=flush, name="traces-flush", daemon=True).start()
    try:
        async with asyncio.timeout(FLUSH_SECONDS):
            await done.wait()
    except TimeoutError:
        given_up = True
        exporter.shutdown()  # it tries no more
        log.warning("traces_not_sent", seconds=FLUSH_SECONDS)


class _OpenTelemetry:
    """See Tracing."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.context import Context  # noqa: PLC0415 - there by now
        from opentelemetry.trace import SpanKind  # noqa: PLC0415

        self._tracer = provider.get_tracer("noond", __version__)
        self._root = Context()
        self._kinds = {
            "internal": SpanKind.INTERNAL,
            "server": SpanKind.SERVER,
            "client": SpanKind.CLIENT,
        }

    @contextmanager
    def span(
        self, name: str, *, kind: Kind = "internal", root: bool = False, attributes: Attributes
    ) -> Iterator[Span]:
        """See Tracing."""
        # Exceptions are not recorded: their messages may hold what was asked.
        with self._tracer.start_as_current_span(
            name,
            context=self._root if root else None,
            kind=self._kinds[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as told:
            span = _Told(told)
            try:
                yield span
            except BaseException as error:
                span.fail(type(error).__name__)
                raise


class _Told:
    """See Span."""

    def __init__(self, span: OpenTelemetrySpan) -> None:
        self._span = span
        self._failed = False

    def set(self, attributes: Attributes) -> None:
        """See Span."""
        self._span.set_attributes(attributes)

    def fail(self, kind: str) -> None:
        """See Span."""
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - there by now

        if not self._failed:
            self._failed = True
            self._span.set_attribute("error.type", kind)
            self._span.set_status(StatusCode.ERROR)
