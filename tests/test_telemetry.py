"""What OpenTelemetry is told of calls."""

import asyncio
import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from confirma_async import Confirma, Phase, RateLimit, Response, RetryPolicy, TransportError
from confirma_async.errors import AuthenticationError, OutcomeUnknownError
from confirma_async.telemetry import OpenTelemetryHook

KEY = "the-secret-key"
VALID = Response(200, {"x-request-id": "r-1"}, b'{"isValid": true}')
BUSY = Response(503, {}, b"{}")
REFUSED = Response(401, {}, b'{"message": "unknown key the-secret-key"}')
RESET = TransportError("reset", phase=Phase.NO_REPLY)


class Script:
    def __init__(self, *lines):
        self.lines = list(lines)
        self.requests = []
        self.sent = asyncio.Event()
        self.current = []

    async def send(self, request):
        self.requests.append(request)
        self.sent.set()
        self.current.append(trace.get_current_span())
        line = self.lines.pop(0)
        if isinstance(line, Exception):
            raise line
        if line is None:
            await asyncio.sleep(3600)
        return line

    async def close(self):
        pass


class Exported:
    """A hook with everything that it tells."""

    def __init__(self):
        self._spans = InMemorySpanExporter()
        self._metrics = InMemoryMetricReader()
        self.traces = TracerProvider()
        self.traces.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._metrics])

    def hook(self, **options):
        return OpenTelemetryHook(tracer_provider=self.traces, meter_provider=self.meters, **options)

    @property
    def spans(self):
        return self._spans.get_finished_spans()

    def points(self, name):
        found = self._metrics.get_metrics_data()
        assert found is not None
        return [
            point
            for resource in found.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def everything(self):
        counted = self._metrics.get_metrics_data()
        assert counted is not None
        return "".join(span.to_json() for span in self.spans) + counted.to_json()


@pytest.fixture
def exported():
    made = Exported()
    yield made
    made.traces.shutdown()
    made.meters.shutdown()


def client(exported, *lines, **options):
    transport = Script(*lines)
    hook = exported.hook(**options)
    return Confirma(
        KEY,
        base_url="https://service.example:8443",
        transport=transport,
        hooks=[hook],
        retry=RetryPolicy(base_seconds=0.001),
        rate_limit=RateLimit(concurrency=4),
    ), transport


async def test_a_call_is_one_client_span_with_the_names_of_the_conventions(exported):
    confirma, _ = client(exported, VALID)
    await confirma.onboarding.validate_token()
    (span,) = exported.spans
    assert span.name == "GET /api/v1/partner/validate"
    assert span.kind is trace.SpanKind.CLIENT
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "server.address": "service.example",
        "server.port": 8443,
        "url.scheme": "https",
        "url.template": "/api/v1/partner/validate",
        "url.full": "https://service.example:8443/api/v1/partner/validate",
        "http.response.status_code": 200,
        "confirma.operation": "onboarding.validate_token",
        "confirma.request_id": "r-1",
    }
    assert span.status.status_code is trace.StatusCode.UNSET
    assert span.start_time <= span.events[0].timestamp <= span.end_time


async def test_every_attempt_is_an_event(exported):
    confirma, _ = client(exported, BUSY, VALID)
    await confirma.onboarding.validate_token()
    (span,) = exported.spans
    first, second = (dict(event.attributes) for event in span.events)
    assert (first["http.response.status_code"], first["error.type"]) == (503, "503")
    assert (second["http.response.status_code"], second["http.request.resend_count"]) == (200, 1)
    assert "error.type" not in second
    assert span.attributes["http.request.resend_count"] == 1


@pytest.mark.parametrize(
    ("line", "error", "kind"),
    [
        (REFUSED, AuthenticationError, "401"),
        (RESET, OutcomeUnknownError, "confirma_async.errors.OutcomeUnknownError"),
    ],
)
async def test_a_failure_is_an_error_of_its_kind(exported, line, error, kind, wire_invoice):
    confirma, _ = client(exported, line)
    with pytest.raises(error):
        await confirma.invoices.create(wire_invoice())
    (span,) = exported.spans
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.attributes["error.type"] == kind


async def test_a_cancelled_call_ends_its_span(exported):
    confirma, transport = client(exported, None)
    task = asyncio.create_task(confirma.onboarding.validate_token())
    await transport.sent.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (span,) = exported.spans
    assert span.attributes["error.type"] == "asyncio.exceptions.CancelledError"


async def test_a_call_that_came_to_no_attempt_has_its_span_too(exported):
    confirma, _ = client(exported)
    confirma._pipeline.limiter.answered(asyncio.get_running_loop().time(), throttled=True, quiet_seconds=60.0)
    with pytest.raises(TransportError):
        await confirma.onboarding.validate_token(timeout=0.01)
    (span,) = exported.spans
    assert not span.events
    assert span.attributes["error.type"] == "confirma_async.errors.TransportError"


async def test_the_span_is_a_child_of_the_callers_and_current_while_the_call_is_under_way(exported):
    confirma, transport = client(exported, VALID, VALID)
    with exported.traces.get_tracer("test").start_as_current_span("the job") as job:
        await confirma.onboarding.validate_token()
        assert trace.get_current_span() is job
    await confirma.onboarding.validate_token()
    first, _, second = exported.spans
    assert first.parent.span_id == job.get_span_context().span_id
    assert second.parent is None
    assert transport.current[0].get_span_context() == first.get_span_context()


async def test_calls_at_once_keep_their_spans_apart(exported):
    confirma, _ = client(exported, *[VALID] * 20)
    await asyncio.gather(*(confirma.onboarding.validate_token() for _ in range(20)))
    assert len({span.context.span_id for span in exported.spans}) == 20
    assert all(len(span.events) == 1 for span in exported.spans)
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize("propagate", [False, True])
async def test_ids_of_a_trace_leave_the_house_only_when_asked(exported, propagate):
    confirma, transport = client(exported, VALID, propagate=propagate)
    await confirma.onboarding.validate_token()
    sent = transport.requests[0].headers.get("traceparent")
    assert (sent is not None) == propagate
    if sent is not None:
        assert f"{exported.spans[0].context.span_id:016x}" in sent


async def test_metrics_count_requests_calls_attempts_and_waiting(exported):
    confirma, _ = client(exported, BUSY, VALID, REFUSED)
    await confirma.onboarding.validate_token()
    with pytest.raises(AuthenticationError):
        await confirma.onboarding.validate_token()
    requests = {
        point.attributes["http.response.status_code"]: point
        for point in exported.points("http.client.request.duration")
    }
    assert {status: point.count for status, point in requests.items()} == {503: 1, 200: 1, 401: 1}
    assert requests[401].attributes["error.type"] == "401"
    attempts = {
        point.attributes["http.response.status_code"]: point.sum
        for point in exported.points("confirma.client.call.attempts")
    }
    assert attempts == {200: 2, 401: 1}
    for name in ("confirma.client.call.duration", "confirma.client.limiter.wait"):
        assert sum(point.count for point in exported.points(name)) == 2


async def test_nothing_told_holds_a_key_a_body_or_the_services_words(exported, wire_invoice):
    confirma, _ = client(exported, REFUSED)
    buyer = {"name": "Maija Meikäläinen", "personalIdentityNumber": "131052-308T"}
    with pytest.raises(AuthenticationError):
        await confirma.invoices.create(wire_invoice(parties={"buyerParty": buyer}), validate=False)
    everything = exported.everything()
    assert "invoices.create" in everything
    assert not any(word in everything for word in (KEY, "131052", "Maija", "unknown key"))


def test_the_client_alone_does_not_load_it():
    code = "import sys, confirma_async as c; c.Confirma('k'); sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_package_is_told_with_its_remedy():
    code = "import sys; sys.modules['opentelemetry'] = None; import confirma_async.telemetry"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "pip install 'confirma-sdk[otel]'" in done.stderr
