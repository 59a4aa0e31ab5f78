"""Two clients never see each other's data, and each endpoint takes one kind of token only."""

import json
from typing import Any

import pytest

from confirma_async.contract import OPERATIONS, TokenKind

CLIENTS_OWN = [name for name, operation in OPERATIONS.items() if operation.token is TokenKind.CLIENT]


@pytest.fixture
async def other(partner, sandbox, partner_of, make_invoice):
    """Another client, after the first one has got something of everything."""
    sandbox.connect_accounting("Netvisor")
    await partner.post(make_invoice(processing__accountingInvoiceEnabled=True))
    sandbox.clock.advance(days=1)
    await partner.act("PAUSE")
    sandbox.pay(1042)
    await partner.send("accounting/ledger", {"ledgers": {"ledgerIdentifier": "L"}})
    await partner.send("accounting/payment", {"payments": [{"paymentIdentifier": "P"}]})
    sandbox.clock.advance(days=6)
    assert (await partner.get("settlements")).body["settlements"]
    return partner_of(sandbox, sandbox.add_client("other"))


@pytest.mark.parametrize(
    ("path", "nothing"),
    [
        ("/api/v1/partner/invoice/distribution", lambda body: body["data"] == []),
        ("/api/v2/partner/invoice/distribution", lambda body: body["data"] == []),
        ("/api/v1/partner/payments", lambda body: body == []),
        ("/api/v1/partner/settlements", lambda body: body["settlements"] == []),
        ("/api/v1/partner/accounting/invoice", lambda body: body["invoices"] == []),
        ("/api/v1/partner/accounting/ledger", lambda body: body is None),
        ("/api/v1/partner/accounting/payment", lambda body: body["payments"] == []),
    ],
)
async def test_a_client_is_told_nothing_of_anothers(partner, other, path, nothing):
    assert not nothing((await partner.call("GET", path)).body)
    assert nothing((await other.call("GET", path)).body)


async def test_a_clients_case_cannot_be_read_by_another(partner, other):
    case_id = (await partner.case())["summary"]["caseId"]
    assert (await other.get("invoice/case", caseId=str(case_id))).status == 404
    assert (await other.get("invoice/case", invoiceNumber="1042")).status == 404


@pytest.mark.parametrize("by", ["caseId", "invoiceNumber"])
async def test_a_clients_case_cannot_be_changed_by_another(partner, other, sandbox, by):
    before = await partner.case()
    value = 1042 if by == "invoiceNumber" else before["summary"]["caseId"]
    action = {"code": "COMMENT", "data": {by: value}}
    assert (await other.send("invoice/action", {"actions": [action]})).status == 404
    sandbox.clock.advance(minutes=10)
    assert (await partner.case())["events"] == before["events"]


async def test_one_clients_reading_marks_nothing_of_anothers(partner, other):
    await other.get("settlements", unfetchedOnly="true")
    assert (await partner.get("settlements", unfetchedOnly="true")).body["settlements"]


async def test_one_clients_renewal_leaves_anothers_token_alone(partner, other):
    await other.get("renew")
    assert (await partner.get("validate")).status == 200


async def test_one_clients_credit_note_credits_nothing_of_anothers(partner, other, sandbox, make_invoice):
    await other.post(
        make_invoice(
            1, invoice__header__type="CREDIT_NOTE", invoice__references={"creditedInvoiceNumber": 1042}
        )
    )
    sandbox.clock.advance(days=1)
    assert (await partner.record(1042))["status"] == "INVOICED"


# --- bad input --------------------------------------------------------------------------------------


async def _call(partner: Any, name: str, token: str) -> Any:
    operation = OPERATIONS[name]
    data = b"{}" if operation.method == "POST" else None
    return await partner.call(operation.method, operation.path, data=data, token=token)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("token", ["", "of-somebody-else"])
async def test_a_missing_or_foreign_token_gets_401_everywhere(partner, name, token):
    reply = await _call(partner, name, token)
    assert reply.status == 401
    assert "of-somebody-else" not in json.dumps(reply.body)


@pytest.mark.parametrize("name", CLIENTS_OWN)
async def test_the_provisioning_token_gets_403_where_a_clients_belongs(partner, sandbox, name):
    assert (await _call(partner, name, sandbox.provisioning_token)).status == 403


async def test_a_clients_token_gets_403_where_the_provisioning_token_belongs(partner, sandbox):
    assert (await _call(partner, "onboarding.create_client", sandbox.api_key)).status == 403


@pytest.mark.parametrize("query", [{"caseId": "1"}, {"caseId": "7000001"}, {"invoiceNumber": "4711"}])
async def test_an_unknown_case_gets_404(partner, query):
    assert (await partner.get("invoice/case", **query)).status == 404


@pytest.mark.parametrize("query", [{}, {"caseId": "seven"}, {"caseId": "9" * 30}])
async def test_a_query_that_names_no_case_gets_400(partner, query):
    assert (await partner.get("invoice/case", **query)).status == 400


async def test_a_case_number_beyond_what_can_be_counted_gets_404(partner):
    action = {"code": "COMMENT", "data": {"caseId": 2**63}}
    assert (await partner.send("invoice/action", {"actions": [action]})).status == 404


@pytest.mark.parametrize(
    "path", ["client", "invoice", "invoice/action", "accounting/ledger", "accounting/payment"]
)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"ledgers": 1, "payments": 1, "actions": 1}'])
async def test_a_body_of_another_form_gets_400(partner, sandbox, path, body):
    token = sandbox.provisioning_token if path == "client" else sandbox.api_key
    reply = await partner.call("POST", f"/api/v1/partner/{path}", data=body, token=token)
    assert reply.status == 400
