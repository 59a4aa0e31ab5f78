"""The verbs over a real socket against the sandbox."""

import datetime

import pytest

from confirma_async import Confirma
from confirma_async.errors import (
    AuthenticationError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Phase,
    RequestInvalidError,
    TransportError,
)
from confirma_async.sandbox import Fault


async def test_a_valid_token_is_valid(confirma):
    assert (await confirma.onboarding.validate_token()).is_valid


async def test_a_foreign_token_is_not_accepted(sandbox, overrides):
    async with Confirma("somebody-elses", base_url=sandbox.url, overrides=overrides) as stranger:
        with pytest.raises(AuthenticationError) as caught:
            await stranger.onboarding.validate_token()
    assert "somebody-elses" not in str(caught.value)
    assert caught.value.request_id


async def test_a_provisioning_token_may_not_create_invoices(sandbox, wire_invoice, overrides):
    token = sandbox.provisioning_token
    async with Confirma(token, base_url=sandbox.url, overrides=overrides) as provisioner:
        with pytest.raises(PermissionDeniedError):
            await provisioner.invoices.create(wire_invoice())


async def test_an_invoice_is_received_and_then_distributed(sandbox, confirma, wire_invoice):
    receipt = await confirma.invoices.create(wire_invoice(7))
    assert (receipt.invoice_number, receipt.status) == (7, "PAUSED")
    sandbox.clock.advance(days=1)
    listing = confirma.invoices.distributions(
        invoice_number=7, from_date=datetime.date(2026, 11, 1), to_date=datetime.date(2026, 11, 1)
    )
    (record,) = (await listing).data
    assert (record.invoice_number, record.status, record.method) == ("7", "INVOICED", "EMAIL")
    assert [found.invoice_number async for found in listing] == ["7"]


async def test_iterating_goes_through_all_windows_in_order(confirma, wire_invoice):
    dates = ["2026-01-15", "2026-03-01", "2026-05-20"]
    for number, date in enumerate(dates, 1):
        await confirma.invoices.create(wire_invoice(number, header={"date": date, "dueDate": date}))
    listing = confirma.invoices.distributions(
        from_date=datetime.date(2026, 1, 1), to_date=datetime.date(2026, 6, 1)
    )
    assert [record.invoice_date.isoformat() async for record in listing] == dates


async def test_an_answer_lost_after_the_commit_is_an_unknown_outcome_and_one_request(
    sandbox, confirma, wire_invoice
):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation="invoices.create", times=1)
    with pytest.raises(OutcomeUnknownError, match="invoice 7"):
        await confirma.invoices.create(wire_invoice(7))
    assert sandbox.requests["invoices.create"] == 1
    assert [invoice.number for invoice in sandbox.invoices()] == [7]


@pytest.mark.parametrize("fault", [Fault.TOO_MANY_REQUESTS, Fault.UNAVAILABLE])
async def test_a_request_not_taken_is_tried_again(sandbox, confirma, wire_invoice, fault):
    sandbox.faults.add(fault, operation="invoices.create", times=2, retry_after=0.05)
    receipt = await confirma.invoices.create(wire_invoice())
    assert receipt.status == "PAUSED"
    assert sandbox.requests["invoices.create"] == 3


async def test_a_read_survives_resets(sandbox, confirma):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation="onboarding.validate_token", times=2)
    assert (await confirma.onboarding.validate_token()).is_valid


async def test_a_silent_service_ends_at_the_deadline(sandbox, confirma):
    sandbox.faults.add(Fault.LATENCY, operation="onboarding.validate_token", times=None, seconds=30)
    with pytest.raises(TransportError) as caught:
        await confirma.onboarding.validate_token(timeout=0.2)
    assert caught.value.phase is Phase.NO_REPLY


async def test_an_invoice_is_stored_as_it_was_sent_to_the_last_digit(sandbox, confirma, wire_invoice):
    from decimal import Decimal

    row = {
        "description": "Ääkköset 漢字",
        "quantity": Decimal("0.12345678901234567890"),
        "unitPrice": Decimal("12345678901234567890.123456789"),
        "netAmount": Decimal("98765432109876543210.10"),
    }
    invoice = wire_invoice(rows=[row], amounts={"netAmount": Decimal("98765432109876543210.10")})
    invoice["futureKey"] = {"kept": [Decimal("0.10"), None]}
    await confirma.invoices.create(invoice)
    (stored,) = sandbox.invoices()
    assert confirma.converter.parse(stored.body) == invoice
    assert b"98765432109876543210.10" in stored.body


async def test_dates_upside_down_are_refused_before_anything_is_sent(sandbox, confirma):
    first, last = datetime.date(2026, 2, 1), datetime.date(2026, 1, 1)
    for listing in (
        confirma.invoices.distributions,
        confirma.invoices.distributions_v2,
        confirma.payments.list,
        confirma.payments.settlements,
    ):
        with pytest.raises(RequestInvalidError, match="swap them"):
            listing(from_date=first, to_date=last)
    assert not sandbox.requests
