"""Records on their way to the accounting system, and where companies receive e-invoices."""

from datetime import date
from typing import Any

import pytest

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox import EInvoiceAddress

LEDGER = {
    "ledgerIdentifier": "L-1",
    "documentName": "Sales",
    "documentDate": "2026-03-01",
    "calculationMode": "GROSS",
    "ledgerRows": [
        {"accountNumber": "1700", "amount": 125.5, "netAmount": 125.5, "isVatRow": 0},
        {"accountNumber": "3000", "amount": -125.5, "netAmount": -100, "isVatRow": 0},
        {"accountNumber": "2930", "amount": -25.5, "netAmount": -25.5, "isVatRow": 1},
    ],
}
PAYMENT = {"paymentIdentifier": "P-1", "invoiceNumber": "1042", "paymentDate": "2026-03-02", "amount": 1.5}


@pytest.fixture
def connected(partner, sandbox):
    sandbox.connect_accounting("Netvisor")
    return partner


async def _ledgers(partner: Any) -> Any:
    return (await partner.get("accounting/ledger")).body["ledgers"]


async def test_without_a_ledger_there_is_no_content(partner):
    reply = await partner.get("accounting/ledger")
    assert (reply.status, reply.body) == (204, None)


async def test_a_ledger_is_pending_and_then_synced(connected, sandbox):
    assert (await connected.send("accounting/ledger", {"ledgers": LEDGER})).status == 200
    (pending,) = await _ledgers(connected)
    assert (pending["sourceIdentifier"], pending["status"], pending["syncDate"]) == ("L-1", 0, None)
    sandbox.clock.advance(minutes=15)
    (synced,) = await _ledgers(connected)
    assert (synced["status"], synced["documentStatus"]) == (1, "Approved")
    assert synced["syncDate"] == "2026-03-02T12:15:00.000Z"


async def test_a_ledger_that_does_not_balance_fails(connected, sandbox):
    rows = [*LEDGER["ledgerRows"][:2], {"netAmount": -25}]
    await connected.send("accounting/ledger", {"ledgers": {**LEDGER, "ledgerRows": rows}})
    sandbox.clock.advance(hours=1)
    (failed,) = await _ledgers(connected)
    assert failed["status"] not in {0, 1}
    assert "balance" in failed["description"]
    assert failed["syncDate"] is None


@pytest.mark.parametrize("provider", [None, "Fennoa"])
async def test_without_a_connected_provider_records_fail(partner, sandbox, provider):
    sandbox.connect_accounting(provider)
    await partner.send("accounting/payment", {"payments": [PAYMENT]})
    sandbox.clock.advance(hours=1)
    (failed,) = (await partner.get("accounting/payment")).body["payments"]
    assert failed["status"] == 2
    assert "connected" in failed["description"]


async def test_a_provider_that_refuses_says_why(partner, sandbox):
    sandbox.connect_accounting("Procountor", provider_error="the period is closed")
    await partner.send("accounting/ledger", {"ledgers": LEDGER})
    sandbox.clock.advance(hours=1)
    (failed,) = await _ledgers(partner)
    assert (failed["status"], failed["description"]) == (2, "Procountor: the period is closed")


async def test_a_provider_that_takes_records_again_does_not_bring_back_what_failed(partner, sandbox):
    sandbox.connect_accounting("NetBaron", provider_error="closed")
    await partner.send("accounting/ledger", {"ledgers": LEDGER})
    sandbox.clock.advance(hours=1)
    sandbox.connect_accounting("NetBaron")
    await partner.send("accounting/ledger", {"ledgers": LEDGER})
    sandbox.clock.advance(hours=1)
    assert [it["status"] for it in await _ledgers(partner)] == [2, 1]


def test_an_unknown_provider_is_refused(sandbox):
    with pytest.raises(ConfigurationError, match="Netvisor"):
        sandbox.connect_accounting("Excel")


async def test_payments_are_told_by_their_identifiers(connected, sandbox):
    second = {**PAYMENT, "paymentIdentifier": "P-2"}
    await connected.send("accounting/payment", {"payments": [PAYMENT, second]})
    sandbox.clock.advance(hours=1)
    found = (await connected.get("accounting/payment")).body["payments"]
    assert [(it["sourceIdentifier"], it["invoiceNumber"], it["status"]) for it in found] == [
        ("P-1", "1042", 1),
        ("P-2", "1042", 1),
    ]


async def test_without_payments_the_list_is_empty(partner):
    reply = await partner.get("accounting/payment")
    assert (reply.status, reply.body) == (200, {"payments": []})


async def test_a_description_over_210_characters_gets_400(partner):
    for length, status in ((210, 200), (211, 400)):
        ledger = {**LEDGER, "documentDescription": "x" * length}
        assert (await partner.send("accounting/ledger", {"ledgers": ledger})).status == status


async def test_invoice_data_follows_after_distribution_where_it_is_enabled(connected, sandbox, make_invoice):
    await connected.post(make_invoice(1, processing__accountingInvoiceEnabled=True))
    await connected.post(make_invoice(2))
    sandbox.clock.advance(hours=1)
    assert (await connected.get("accounting/invoice")).body["invoices"] == []
    sandbox.clock.advance(minutes=2)
    (pending,) = (await connected.get("accounting/invoice")).body["invoices"]
    assert (pending["invoiceNumber"], pending["status"]) == ("1", 0)
    sandbox.clock.advance(minutes=15)
    (synced,) = (await connected.get("accounting/invoice")).body["invoices"]
    assert synced["status"] == 1


# --- the register of e-invoice addresses ------------------------------------------------------------


async def _addresses(partner: Any, business_id: str) -> list[str]:
    reply = await partner.get("finvoice/credentials", businessId=business_id)
    assert reply.status == 200
    return [it["eInvoiceAddress"] for it in reply.body]


@pytest.mark.parametrize(
    ("business_id", "count"), [("0000001-9", 1), ("0000002-7", 3), ("00000027", 3), ("0000003-5", 0)]
)
async def test_a_company_has_none_one_or_several_addresses(partner, business_id, count):
    assert len(await _addresses(partner, business_id)) == count


async def test_an_address_is_told_with_its_operator(partner):
    (found,) = (await partner.get("finvoice/credentials", businessId="0000001-9")).body
    assert found == {
        "eInvoiceAddressName": "One Address Oy",
        "eInvoiceAddress": "003700000019",
        "eInvoiceAddressType": "EDI",
        "eInvoiceOperatorId": "003700000000",
        "eInvoiceOperatorName": "Sandbox Operator",
        "lastModified": "2025-01-15",
    }


async def test_a_company_can_be_registered(partner, sandbox):
    address = EInvoiceAddress(
        name="Newly Registered Oy",
        address="003700000035",
        type="EDI",
        operator_id="1",
        operator_name="One",
        last_modified=date(2026, 3, 1),
    )
    sandbox.register("0000003-5", [address])
    assert await _addresses(partner, "0000003-5") == ["003700000035"]


@pytest.mark.parametrize("query", [{}, {"businessId": ""}, {"businessId": "nonsense"}])
async def test_what_is_no_business_id_gets_400(partner, query):
    assert (await partner.get("finvoice/credentials", **query)).status == 400
