"""What onboarding looks like on the wire."""

import pytest

from confirma_async.errors import OutcomeUnknownError, Phase, RequestInvalidError, TransportError
from confirma_async.schemas import Client, ClientRequest, Service

REQUEST = ClientRequest(
    service=Service(type="LIFECYCLE", partner_code="P1"),
    client=Client(name="Esimerkki Oy", business_code="2077474-0", country_code="FI"),
)


async def test_a_client_is_sent_with_what_it_has(wire, over_wire):
    wire.answer({"message": "ok", "clientIdentifier": 5, "apiAccessToken": "secret-token"})
    created = await over_wire.onboarding.create_client(REQUEST)
    assert wire.asked == [("POST", "/api/v1/partner/client", {})]
    assert wire.sent == [
        {
            "service": {"type": "LIFECYCLE", "partnerCode": "P1"},
            "client": {"name": "Esimerkki Oy", "businessCode": "2077474-0", "countryCode": "FI"},
        }
    ]
    assert created.client_identifier == 5
    assert "secret-token" not in repr(created)


async def test_a_client_without_a_name_is_not_sent(wire, over_wire):
    request = {
        "service": {"type": "LIFECYCLE", "partnerCode": ""},
        "client": {"name": "", "businessCode": "2077474-0", "countryCode": "FI"},
    }
    with pytest.raises(RequestInvalidError) as caught:
        await over_wire.onboarding.create_client(request)
    assert [problem.path for problem in caught.value.problems] == [
        "$.service.partnerCode",
        "$.client.name",
    ]
    assert wire.requests == []


async def test_a_client_whose_answer_is_lost_is_named_and_not_sent_again(wire, over_wire):
    wire.answer(TransportError("reset", phase=Phase.NO_REPLY))
    with pytest.raises(OutcomeUnknownError, match=r"(?s)client 2077474-0.*ask the vendor"):
        await over_wire.onboarding.create_client(REQUEST)
    assert len(wire.requests) == 1
