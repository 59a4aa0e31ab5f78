"""Who may ask what."""

import pytest


async def test_a_client_token_is_valid(partner):
    reply = await partner.call("GET", "/api/v1/partner/validate")
    assert (reply.status, reply.body["isValid"]) == (200, True)


@pytest.mark.parametrize("token", ["", "not-a-token"])
async def test_a_missing_or_unknown_token_gets_401(partner, token):
    reply = await partner.call("GET", "/api/v1/partner/validate", token=token)
    assert reply.status == 401
    assert reply.body["message"]


async def test_no_token_header_at_all_gets_401(http, sandbox):
    async with http.get(f"{sandbox.url}/api/v1/partner/validate") as response:
        assert response.status == 401


async def test_a_refused_token_is_not_repeated_in_the_answer(partner):
    reply = await partner.call("GET", "/api/v1/partner/validate", token="secret-token-of-somebody")
    assert "secret-token-of-somebody" not in str(reply.body)


async def test_the_provisioning_token_may_not_act_as_a_client(partner, sandbox, make_invoice):
    partner.token = sandbox.provisioning_token
    reply = await partner.post(make_invoice())
    assert reply.status == 403
    assert sandbox.invoices() == []


async def test_a_client_token_may_not_onboard(partner):
    assert (await partner.call("POST", "/api/v1/partner/client", data=b"{}")).status == 403


async def test_an_unauthorised_invoice_is_not_stored(partner, sandbox, make_invoice):
    partner.token = "unknown"
    assert (await partner.post(make_invoice())).status == 401
    assert sandbox.invoices() == []


async def test_each_sandbox_has_tokens_of_its_own(sandbox):
    assert sandbox.api_key != sandbox.provisioning_token
    assert sandbox.api_key not in repr(sandbox)
