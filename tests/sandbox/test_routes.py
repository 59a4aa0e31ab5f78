"""What is served where, and what every answer carries."""

import pytest

from confirma_async.contract import OPERATIONS, Overrides
from confirma_async.errors import ConfigurationError
from confirma_async.sandbox import Sandbox
from confirma_async.sandbox.handlers import HANDLERS


def test_every_row_of_the_contract_is_served():
    assert set(HANDLERS) == set(OPERATIONS)


async def test_an_unknown_path_gets_404_in_json(partner):
    reply = await partner.call("GET", "/nothing/here")
    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/json")


async def test_a_wrong_method_gets_405_and_is_told_the_right_one(partner):
    reply = await partner.call("DELETE", "/api/v1/partner/invoice")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    assert reply.body["message"]


@pytest.mark.parametrize(
    "path", ["/nothing/here", "/api/v1/partner/validate", "/api/v1/partner/renew", "/api/v1/partner/invoice"]
)
async def test_every_answer_says_that_it_is_not_the_vendors(partner, path):
    reply = await partner.call("GET", path)
    assert reply.headers["x-sandbox"] == "confirma-sdk sandbox; not the vendor's service"
    assert reply.headers["x-request-id"]


async def test_request_ids_differ(partner):
    ids = {(await partner.call("GET", "/")).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


async def test_requests_are_counted_by_operation(partner, sandbox, make_invoice):
    await partner.post(make_invoice())
    await partner.post(b"not json")
    await partner.records()
    await partner.call("GET", "/nothing/here")
    assert sandbox.requests == {"invoices.create": 2, "invoices.distributions": 1}


async def test_an_overridden_path_moves_the_operation(partner_of):
    overrides = Overrides(paths={"invoices.distributions_v2": "/odd/path.v2"})
    async with Sandbox(overrides=overrides) as sandbox:
        partner = partner_of(sandbox)
        assert (await partner.call("GET", "/odd/path.v2")).status == 200
        assert (await partner.call("GET", "/api/v2/partner/invoice/distribution")).status == 404


async def test_overridden_names_are_read_and_written(partner_of, make_invoice):
    overrides = Overrides(
        names={
            "InvoiceReceipt.status": "state",
            "InvoiceRowData.unit_price": "priceUnit",
            "DistributionQuery.invoice_number": "number",
            "DistributionRecord.invoice_number": "invoiceNo",
        }
    )
    async with Sandbox(overrides=overrides) as sandbox:
        partner = partner_of(sandbox)
        today = sandbox.clock.now().date().isoformat()
        dates = {"invoice__header__date": today, "invoice__header__dueDate": today}
        wrong = await partner.post(make_invoice(1, invoice__rows=[{"priceUnit": "ten"}], **dates))
        assert [error["field"] for error in wrong.body["errors"]] == ["$.invoice.rows[0].priceUnit"]
        right = await partner.post(make_invoice(2, **dates))
        assert right.body["state"] == "PAUSED"
        await partner.post(make_invoice(3, **dates))
        (record,) = await partner.records(number="3")
        assert record["invoiceNo"] == "3"


async def test_overrides_may_not_put_two_operations_in_one_place():
    with pytest.raises(ConfigurationError, match="share a method and path"):
        Sandbox(overrides=Overrides(paths={"accounting.invoice_statuses": "/api/v1/partner/payments"}))
