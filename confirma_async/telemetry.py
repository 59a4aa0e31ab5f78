"""OpenTelemetry: a span per call, an event per request, and metrics (extra ``otel``).

``Confirma("key", hooks=[OpenTelemetryHook()])`` is all it takes. Names follow the stable HTTP conventions of
OpenTelemetry where they have one; ``url.template`` is still in development there, and what begins with
``confirma.`` is this SDK's own. No attribute holds a key, a body, a query, or a word of the service's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import Token
from functools import lru_cache, partial
from urllib.parse import urlsplit

from confirma_async._version import __version__
from confirma_async.errors import Attempt
from confirma_async.session.call_record import CallRecord
from confirma_async.session.hooks import Hook, OutboxState, OutgoingRequest

try:
    from opentelemetry import context, metrics, propagate, trace
except ImportError as _missing:
    raise ImportError(
        "confirma_async.telemetry needs OpenTelemetry's API: pip install 'confirma-sdk[otel]'"
    ) from _missing

SCHEMA_URL = "https://opentelemetry.io/schemas/1.30.0"
"""The version of the conventions that the names are taken from."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The buckets that the conventions advise for durations."""

Attributes = Mapping[str, str | int]

_ActiveSpan = tuple[trace.Span, Token[context.Context]]
"""The span of a call under way, and how to give its caller's context back."""


class OpenTelemetryHook(Hook):
    """Tells OpenTelemetry of every call.

    The span is a child of whatever span is current where the call is made, and is itself current while the
    call is under way: log records carry its ids, and what another instrumentation records lies below it.

    Args:
        tracer_provider: Where spans go; the global one unless said otherwise.
        meter_provider: Where metrics go; the global one unless said otherwise.
        propagate: Whether to send the ids of the trace to the service, in the headers of the global
            propagator (``traceparent``). Off, since the service is another company's.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        propagate: bool = False,
    ) -> None:
        self._tracer = trace.get_tracer("confirma_async", __version__, tracer_provider, SCHEMA_URL)
        self._propagate = propagate
        self._open: dict[CallRecord, _ActiveSpan] = {}
        meter = metrics.get_meter("confirma_async", __version__, meter_provider, SCHEMA_URL)
        seconds = partial(meter.create_histogram, unit="s", explicit_bucket_boundaries_advisory=_SECONDS)
        self._request_seconds = seconds(
            "http.client.request.duration", description="Duration of HTTP client requests."
        )
        self._call_seconds = seconds(
            "confirma.client.call.duration",
            description="Duration of calls: waiting, all attempts and the pauses between them.",
        )
        self._call_attempts = meter.create_histogram(
            "confirma.client.call.attempts",
            "{attempt}",
            "Requests that calls started.",
            explicit_bucket_boundaries_advisory=(0, 1, 2, 3, 4, 5, 10),
        )
        self._limiter_seconds = seconds(
            "confirma.client.limiter.wait",
            description="Time that calls waited for their turn at the rate limit.",
        )

        self._outboxes: list[Callable[[], OutboxState]] = []
        meter.create_observable_gauge(
            "confirma.outbox.open",
            [self._observe_open],
            "{write}",
            "Writes of open outboxes that are under way, or of unknown outcome.",
        )
        meter.create_observable_gauge(
            "confirma.outbox.oldest",
            [self._observe_oldest],
            "s",
            "Age of the oldest of these; 0 where there are none.",
        )

    def outbox_opened(self, look: Callable[[], OutboxState]) -> None:
        """Observe an outbox from now on."""
        self._outboxes.append(look)

    def outbox_closed(self, look: Callable[[], OutboxState]) -> None:
        """Observe it no longer."""
        self._outboxes.remove(look)

    def _observe_open(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        states = [look() for look in [*self._outboxes]]
        yield metrics.Observation(sum(s.under_way for s in states), {"confirma.outbox.state": "under way"})
        yield metrics.Observation(sum(s.unknown for s in states), {"confirma.outbox.state": "unknown"})

    def _observe_oldest(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        moments = [state.since for look in [*self._outboxes] if (state := look()).since is not None]
        now = time.time()
        yield metrics.Observation(max(0.0, now - min(moments, default=now)))

    def before_attempt(self, outgoing: OutgoingRequest) -> OutgoingRequest | None:
        """Start the span, as of the start of the call."""
        if outgoing.record not in self._open:
            self._open[outgoing.record] = self._start(outgoing.record)
        if not self._propagate:
            return None
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return outgoing.with_headers(carrier)

    def after_attempt(self, record: CallRecord) -> None:
        """Add an event to the span, and count the request."""
        attempt = record.attempts[-1]
        target, outcome = _target(record.operation.method, record.url), _outcome_of(attempt)
        self._request_seconds.record(attempt.seconds, {**target, **outcome})
        span, _before = self._open[record]
        span.add_event(
            "confirma.attempt",
            {
                "http.request.resend_count": len(record.attempts) - 1,
                "confirma.phase": attempt.phase.value,
                "confirma.attempt.duration": attempt.seconds,
                "confirma.limiter.wait": attempt.waited_seconds,
                **outcome,
            },
        )

    def after_call(self, record: CallRecord) -> None:
        """End the span, and count the call."""
        span, before = self._open.pop(record) if record in self._open else self._start(record)
        operation, outcome = {"confirma.operation": record.operation.name}, _outcome(record)
        attributes = {**operation, **outcome}
        self._call_seconds.record(record.seconds, attributes)
        self._call_attempts.record(len(record.attempts), attributes)
        self._limiter_seconds.record(record.waited_seconds, operation)
        span.set_attributes(outcome)
        if len(record.attempts) > 1:
            span.set_attribute("http.request.resend_count", len(record.attempts) - 1)
        if record.request_id is not None:
            span.set_attribute("confirma.request_id", record.request_id)
        if record.failure is not None:
            span.set_status(trace.StatusCode.ERROR)
        span.end()
        context.detach(before)

    def _start(self, record: CallRecord) -> _ActiveSpan:
        since = asyncio.get_running_loop().time() - record.started
        target = _target(record.operation.method, record.url)
        span = self._tracer.start_span(
            f"{target['http.request.method']} {target['url.template']}",
            kind=trace.SpanKind.CLIENT,
            attributes={**target, "url.full": record.url, "confirma.operation": record.operation.name},
            start_time=time.time_ns() - int(since * 1e9),
        )
        return span, context.attach(trace.set_span_in_context(span))


@lru_cache(maxsize=256)
def _target(method: str, url: str) -> Attributes:
    parts = urlsplit(url)
    return {
        "http.request.method": method,
        "server.address": parts.hostname or "",
        "server.port": parts.port or (443 if parts.scheme == "https" else 80),
        "url.scheme": parts.scheme,
        "url.template": parts.path,
    }


def _outcome_of(attempt: Attempt) -> Attributes:
    """Return how a request ended: its status, and what kind of error that was."""
    if attempt.status is None:
        return {"error.type": attempt.phase.name.lower()}
    status: Attributes = {"http.response.status_code": attempt.status}
    return {**status, "error.type": str(attempt.status)} if attempt.status >= 400 else status


def _outcome(record: CallRecord) -> Attributes:
    """Return how a call ended: its last status, and its error: the class, or the status if that says all."""
    failure, attempt = record.failure, record.attempts[-1] if record.attempts else None
    found: dict[str, str | int] = {}
    if attempt is not None and attempt.status is not None:
        found["http.response.status_code"] = attempt.status
    if failure is not None:
        name = f"{failure.type.__module__}.{failure.type.__qualname__}"
        found["error.type"] = name if failure.status is None else str(failure.status)
    return found
