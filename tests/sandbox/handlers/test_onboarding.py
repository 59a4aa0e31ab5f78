"""New clients, and tokens that expire and are renewed."""

from datetime import timedelta
from typing import Any

import pytest

from confirma_async.sandbox import Sandbox, Terms
from confirma_async.sandbox.rules.accounts import reference_number
from confirma_async.validation.values.identifiers import is_finnish_reference

REQUEST: dict[str, dict[str, Any]] = {
    "service": {"type": "LIFECYCLE", "partnerCode": "P1"},
    "client": {"name": "New Oy", "businessCode": "0000001-9", "vatRegNbr": "", "ibanAccount": ""},
    "contacts": {"primary": {"name": "Someone", "email": ""}},
}


def _request(**changes: Any) -> dict[str, Any]:
    return {**REQUEST, **changes}


@pytest.fixture
def provisioning(partner_of, sandbox):
    return partner_of(sandbox, sandbox.provisioning_token)


async def test_a_new_client_has_a_token_and_a_prefix_of_its_own(provisioning):
    first = (await provisioning.send("client", REQUEST)).body
    client = {**REQUEST["client"], "businessCode": "0000002-7"}
    second = (await provisioning.send("client", _request(client=client))).body
    for key in (
        "apiAccessToken",
        "clientIdentifier",
        "paymentReferencePrefix",
        "confirmaFinanceCustomerCode",
    ):
        assert first[key] != second[key]
    assert first["message"]


async def test_a_new_client_sends_invoices_with_its_token(provisioning, partner_of, sandbox, make_invoice):
    token = (await provisioning.send("client", REQUEST)).body["apiAccessToken"]
    newcomer = partner_of(sandbox, token)
    assert (await newcomer.get("validate")).body["isValid"] is True
    assert (await newcomer.post(make_invoice())).body["status"] == "PAUSED"


async def test_a_new_client_lives_through_the_service_it_takes(
    provisioning, partner_of, sandbox, make_invoice
):
    service = {"type": "INTERMEDIATION", "partnerCode": "P1"}
    reply = await provisioning.send("client", _request(service=service))
    newcomer = partner_of(sandbox, reply.body["apiAccessToken"])
    await newcomer.post(make_invoice())
    sandbox.clock.advance(days=1)
    assert (await newcomer.record(1042))["status"] == "INTERMEDIATED"


async def test_a_business_code_is_onboarded_once(provisioning):
    await provisioning.send("client", REQUEST)
    assert (await provisioning.send("client", REQUEST)).status == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"service": {"type": "COOP", "partnerCode": "P1"}}, "$.service.type"),
        ({"service": {"type": "LIFECYCLE"}}, "$.service.partnerCode"),
        ({"service": {"type": "LIFECYCLE", "partnerCode": ""}}, "$.service.partnerCode"),
        ({"client": {"name": "New Oy"}}, "$.client.businessCode"),
        ({"client": {"name": "", "businessCode": "0000001-9"}}, "$.client.name"),
    ],
)
async def test_what_cannot_be_onboarded_without_gets_400(provisioning, changes, field):
    reply = await provisioning.send("client", _request(**changes))
    assert reply.status == 400
    assert [error["field"] for error in reply.body["errors"]] == [field]


async def test_a_renewed_token_replaces_the_old_one(partner, sandbox):
    old = sandbox.api_key
    new = (await partner.get("renew")).body["apiAccessToken"]
    assert sandbox.api_key == new != old
    assert (await partner.get("validate")).status == 401
    partner.token = new
    assert (await partner.get("validate")).status == 200


async def test_invoices_stay_with_the_client_whose_token_is_renewed(partner, make_invoice):
    await partner.post(make_invoice())
    partner.token = (await partner.get("renew")).body["apiAccessToken"]
    assert (await partner.record(1042))["status"] == "PAUSED"


async def test_an_expired_token_gets_401_and_can_be_renewed(partner, sandbox, make_invoice):
    sandbox.expire_token()
    assert (await partner.get("validate")).status == 401
    assert (await partner.post(make_invoice())).status == 401
    assert sandbox.invoices() == []
    partner.token = (await partner.get("renew")).body["apiAccessToken"]
    assert (await partner.get("validate")).status == 200


async def test_the_provisioning_token_is_not_renewed(provisioning):
    assert (await provisioning.get("renew")).status == 403


async def test_tokens_expire_by_themselves_where_the_terms_say_so(partner_of):
    async with Sandbox(terms=Terms(token_lifetime=timedelta(days=90))) as sandbox:
        partner = partner_of(sandbox)
        sandbox.clock.advance(days=89)
        assert (await partner.get("validate")).status == 200
        sandbox.clock.advance(days=1)
        assert (await partner.get("validate")).status == 401
        partner.token = (await partner.get("renew")).body["apiAccessToken"]
        sandbox.clock.advance(days=89)
        assert (await partner.get("validate")).status == 200


async def test_clients_and_their_tokens_survive_a_restart(tmp_path, partner_of):
    async with Sandbox(db=tmp_path / "db") as sandbox:
        onboarding = partner_of(sandbox, sandbox.provisioning_token)
        token = (await onboarding.send("client", REQUEST)).body["apiAccessToken"]
        sandbox.expire_token(client="0000001-9")
    async with Sandbox(db=tmp_path / "db") as sandbox:
        newcomer = partner_of(sandbox, token)
        assert (await newcomer.get("validate")).status == 401
        assert (await newcomer.get("renew")).status == 200


@pytest.mark.parametrize("number", ["1", "42", "9" * 18])
def test_a_reference_of_prefix_and_number_is_a_finnish_reference(number):
    reference = reference_number(1001, number)
    assert reference.startswith("1001")
    assert is_finnish_reference(reference)
