"""What an outbox tells of changes of state, and of what it has open."""

from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from confirma_async import Hook, Verdict
from confirma_async.errors import ConfigurationError
from confirma_async.outbox import events
from confirma_async.sandbox import Fault
from confirma_async.telemetry import OpenTelemetryHook
from tests.outbox.conftest import CREATE
from tests.outbox.test_writes import LEDGER, ledger


async def test_each_change_is_told_after_it_is_durable(confirma, outbox, sandbox, wire_invoice):
    stream = outbox.events()
    await outbox.invoices.create(wire_invoice(1), key="order-1")
    sandbox.faults.add(Fault.REFUSAL, operation=CREATE, status=422)
    await outbox.invoices.create(wire_invoice(2))
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE)
    await outbox.invoices.create(wire_invoice(3))
    await outbox.look_up()
    await outbox.accounting.submit_ledger(ledger())
    await outbox.look_up()
    await outbox.invoices.create(wire_invoice(1))  # known: no change
    await outbox.aclose()
    message = [(one.operation, one.subject, one.verdict, one.was_unknown) async for one in stream]
    assert message == [
        (CREATE, "invoice 1", Verdict.ACCEPTED, False),
        (CREATE, "invoice 2", Verdict.REJECTED, False),
        (CREATE, "invoice 3", Verdict.UNKNOWN, False),
        (CREATE, "invoice 3", Verdict.ACCEPTED, True),
        (LEDGER, "ledger 2026-11", Verdict.UNKNOWN, False),
        (LEDGER, "ledger 2026-11", Verdict.ACCEPTED, True),
    ]


async def test_an_event_has_key_and_time(outbox, wire_invoice):
    stream = outbox.events()
    await outbox.invoices.create(wire_invoice(1), key="order-1")
    event = await anext(aiter(stream))
    assert (event.key, event.detail) == ("order-1", None)
    assert event.at > 1.7e9


async def test_a_slow_listener_holds_nothing_up_and_is_told_what_it_missed(monkeypatch, outbox, wire_invoice):
    monkeypatch.setattr(events, "BUFFER", 2)
    stream = outbox.events()
    for number in (1, 2, 3):
        await outbox.invoices.create(wire_invoice(number))
    await outbox.aclose()
    assert [one.subject async for one in stream] == ["invoice 2", "invoice 3"]
    assert stream.missed == 1


async def test_a_stream_that_is_closed_ends(outbox, wire_invoice):
    stream = outbox.events()
    await stream.aclose()
    await outbox.invoices.create(wire_invoice(1))
    assert [one async for one in stream] == []


async def test_events_are_of_an_open_outbox(confirma, journal):
    with pytest.raises(ConfigurationError, match="not open"):
        confirma.outbox(journal=journal).events()


async def test_what_is_open_and_for_how_long_is_a_gauge(client, sandbox, journal, wire_invoice):
    reader = InMemoryMetricReader()
    hook = OpenTelemetryHook(meter_provider=MeterProvider([reader]))

    def gauges():
        data: Any = reader.get_metrics_data()
        (resource,) = data.resource_metrics
        metrics = {one.name: one for scope in resource.scope_metrics for one in scope.metrics}
        points = metrics["confirma.outbox.open"].data.data_points
        by_state = {point.attributes["confirma.outbox.state"]: point.value for point in points}
        (oldest,) = metrics["confirma.outbox.oldest"].data.data_points
        return by_state, oldest.value

    async with client(hooks=[hook]) as confirma:
        async with confirma.outbox(journal=journal) as outbox:
            sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE)
            await outbox.invoices.create(wire_invoice(1))
            by_state, oldest = gauges()
            assert by_state == {"under way": 0, "unknown": 1}
            assert oldest > 0
        assert gauges() == ({"under way": 0, "unknown": 0}, 0.0)


async def test_a_hook_that_fails_stops_no_outbox(client, sandbox, journal, wire_invoice):
    class Failing(Hook):
        def outbox_opened(self, look):
            raise RuntimeError("no")

    async with client(hooks=[Failing()]) as confirma, confirma.outbox(journal=journal) as outbox:
        assert (await outbox.invoices.create(wire_invoice(1))).accepted
