"""Invoices that wait for a person or a financier."""

import pytest

from confirma_async.errors import ConfigurationError


@pytest.mark.parametrize(
    "places", [{"processing__manualApprovalEnabled": True}, {"invoice__header__type": "FACTORING"}]
)
async def test_what_waits_for_approval_goes_on_once_approved(partner, sandbox, make_invoice, places):
    await partner.post(make_invoice(**places))
    sandbox.clock.advance(days=7)
    assert (await partner.record(1042))["status"] == "MANUAL"
    sandbox.approve(1042)
    assert (await partner.record(1042))["status"] == "ACCEPTED"
    sandbox.clock.advance(hours=1)
    record = await partner.record(1042)
    assert (record["status"], record["distributedAt"]) == ("INVOICED", "2026-03-09T13:00:00.000Z")


async def test_the_financier_is_the_creditor_of_what_it_has_acquired(partner, sandbox, make_invoice):
    acquired = {"invoice__header__type": "FACTORING", "invoice__factoring": {"financierCode": "BANK"}}
    await partner.post(make_invoice(**acquired))
    sandbox.advance(hours=1)
    sandbox.approve(1042)
    sandbox.advance(hours=1)
    assert (await partner.case())["summary"]["creditor"] == "BANK"


async def test_what_is_approved_and_not_to_be_delivered_stays_accepted(partner, sandbox, make_invoice):
    await partner.post(make_invoice(processing__manualApprovalEnabled=True, distribution__enabled=False))
    sandbox.clock.advance(hours=1)
    sandbox.approve(1042)
    sandbox.clock.advance(days=1)
    assert (await partner.record(1042))["status"] == "ACCEPTED"


async def test_what_is_disapproved_is_an_error_with_its_reason(partner, sandbox, make_invoice):
    await partner.post(make_invoice(invoice__header__type="FACTORING"))
    sandbox.clock.advance(hours=1)
    sandbox.disapprove(1042, reason="the financier declines")
    record = await partner.record(1042)
    assert (record["status"], record["error"]) == ("ERROR", "the financier declines")


async def test_what_does_not_wait_cannot_be_approved(invoiced, sandbox):
    with pytest.raises(ConfigurationError, match="waits for approval"):
        sandbox.approve(1042)
