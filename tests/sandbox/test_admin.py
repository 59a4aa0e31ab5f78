"""What people do at the other end, asked for over HTTP."""

import json
from typing import Any

import pytest

from confirma_async.contract import OPERATIONS
from confirma_async.sandbox import Fault
from confirma_async.sandbox.admin import COMMANDS


async def _do(partner: Any, command: str, **arguments: Any) -> Any:
    return await partner.call("POST", f"/_sandbox/{command}", data=json.dumps(arguments).encode(), token="")


@pytest.fixture
async def invoiced(partner, sandbox, make_invoice):
    await partner.post(make_invoice())
    sandbox.clock.advance(hours=2)
    return partner


async def test_time_is_advanced(invoiced, sandbox):
    reply = await _do(invoiced, "advance", days=30)
    assert reply.status == 200
    assert reply.body == "2026-04-01T14:00:00Z"
    assert (await invoiced.case())["summary"]["stage"] == "REMINDER"


async def test_an_invoice_is_paid_exactly(invoiced):
    reply = await invoiced.call(
        "POST", "/_sandbox/pay", data=b'{"invoice_number": 1042, "amount": 100.10}', token=""
    )
    assert str(reply.body["amount"]) == "100.10"
    assert str((await invoiced.case())["balance"]["capitalAmount"]) == "49.90"


async def test_a_payment_is_changed(invoiced):
    payment = (await _do(invoiced, "pay", invoice_number=1042)).body
    reply = await _do(invoiced, "change_payment", payment_id=payment["id"], amount=50)
    assert reply.body["amount"] == 50
    assert (await _do(invoiced, "change_payment", payment_id=payment["id"], amount=0)).body is None


async def test_an_approval_and_a_refusal(partner, sandbox, make_invoice):
    for number in (1, 2):
        await partner.post(make_invoice(number, processing__manualApprovalEnabled=True))
    sandbox.clock.advance(minutes=1)
    assert (await _do(partner, "approve", invoice_number=1)).status == 200
    assert (await _do(partner, "disapprove", invoice_number=2, reason="no")).status == 200
    assert [it["status"] for it in await partner.records()] == ["ACCEPTED", "ERROR"]


async def test_a_token_expires(partner):
    assert (await _do(partner, "expire_token")).status == 200
    assert (await partner.get("validate")).status == 401


async def test_a_case_is_resumed(invoiced, sandbox):
    await invoiced.act("OBJECTION")
    sandbox.clock.advance(hours=1)
    assert (await _do(invoiced, "resume_case", invoice_number=1042)).status == 200
    assert (await invoiced.case())["summary"]["status"] == "OPEN"


async def test_a_provider_is_connected(partner, sandbox):
    assert (await _do(partner, "connect_accounting", provider="Netvisor")).status == 200
    assert sandbox.state().clients[0].provider == "Netvisor"


async def test_a_company_is_registered(partner):
    address = {
        "name": "New Oy",
        "address": "003700000035",
        "type": "EDI",
        "operator_id": "1",
        "operator_name": "One",
        "last_modified": "2026-03-01",
    }
    await _do(partner, "register", business_id="0000003-5", addresses=[address])
    assert len((await partner.get("finvoice/credentials", businessId="0000003-5")).body) == 1


async def test_faults_are_ordered_and_taken_back(partner, make_invoice):
    order = {"kind": "unavailable", "operation": "invoices.create", "retry_after": 3}
    assert (await _do(partner, "add_fault", **order)).status == 200
    refused = await partner.post(make_invoice())
    assert (refused.status, refused.headers["Retry-After"]) == (503, "3")
    await _do(partner, "add_fault", **order)
    await _do(partner, "clear_faults")
    assert (await partner.post(make_invoice())).status == 200


async def test_the_state_is_told_without_tokens(invoiced, sandbox):
    sandbox.add_client("other")
    sandbox.pay(1042)
    reply = await invoiced.call("GET", "/_sandbox/state", token="")
    assert reply.body["now"] == "2026-03-02T14:00:00Z"
    assert [client["name"] for client in reply.body["clients"]] == ["sandbox", "other"]
    assert reply.body["invoices"] == {"INVOICED": 1}
    assert reply.body["money"] == {"payments": 1, "not_settled": 1, "settlements": 0}
    assert sandbox.api_key not in json.dumps(reply.body, default=str)


async def test_what_cannot_be_done_gets_409_with_a_sentence(partner):
    reply = await _do(partner, "pay", invoice_number=4711)
    assert reply.status == 409
    assert "there is no such case" in reply.body["message"]
    reply = await _do(partner, "expire_token", client="nobody")
    assert "there are sandbox" in reply.body["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"invoice_number": "x"}', b'{"nonsense": 1}'])
async def test_other_arguments_get_400(partner, body):
    assert (await partner.call("POST", "/_sandbox/pay", data=body, token="")).status == 400


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("advance", {"days": -1}),
        ("advance", {"days": 1e300}),
        ("advance", {"days": 365 * 8000}),
        ("pay", {"case_id": 2**63}),
        ("change_payment", {"payment_id": 2**63, "amount": 1}),
    ],
)
async def test_what_no_store_and_no_calendar_holds_gets_409(partner, command, arguments):
    assert (await _do(partner, command, **arguments)).status == 409


async def test_other_arguments_are_told_those_there_are(partner):
    reply = await _do(partner, "pay", invoice=1042)
    assert "it takes invoice_number, case_id, amount, reference, client" in reply.body["message"]
    reply = await _do(partner, "clear_faults", kind="latency")
    assert "it takes none" in reply.body["message"]


async def test_an_unknown_kind_of_fault_is_told_those_there_are(partner):
    reply = await _do(partner, "add_fault", kind="earthquake")
    assert reply.status == 400
    assert all(fault.value in reply.body["message"] for fault in Fault)


async def test_an_unknown_operation_is_told_those_there_are(partner):
    reply = await _do(partner, "add_fault", kind="latency", operation="invoices.crate")
    assert reply.status == 409
    assert all(name in reply.body["message"] for name in OPERATIONS)


async def test_an_option_of_another_fault_is_told_those_there_are(partner):
    reply = await _do(partner, "add_fault", kind="server error", retry_after=1)
    assert "it takes after_commit, status" in reply.body["message"]


async def test_an_unknown_command_gets_404_and_is_told_those_there_are(partner):
    reply = await _do(partner, "dance")
    assert reply.status == 404
    assert all(name in reply.body["message"] for name in COMMANDS)


async def test_a_wrong_method_gets_405(partner):
    assert (await partner.call("GET", "/_sandbox/pay", token="")).status == 405


@pytest.mark.parametrize("headers", [{"Host": "rebound.example"}, {"Origin": "https://elsewhere.example"}])
async def test_what_another_site_sends_gets_403(http, sandbox, headers):
    async with http.get(f"{sandbox.url}/_sandbox/state", headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize("path", ["/_sandbox/state", "/nothing/here", "/openapi.json"])
@pytest.mark.parametrize("host", ["[", "[::1", "]", ":", "[x]:1"])
async def test_a_host_that_is_none_gets_400(http, sandbox, host, path):
    async with http.get(f"{sandbox.url}{path}", headers={"Host": host}) as response:
        assert response.status == 400


async def test_a_site_that_cannot_be_read_gets_403(http, sandbox):
    async with http.get(f"{sandbox.url}/_sandbox/state", headers={"Origin": "http://["}) as response:
        assert response.status == 403


async def test_the_administration_is_neither_counted_nor_hit_by_faults(partner, sandbox):
    await _do(partner, "add_fault", kind="unavailable", times=None)
    assert (await partner.call("GET", "/_sandbox/state", token="")).status == 200
    assert sandbox.requests == {}
