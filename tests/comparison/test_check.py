"""Questions to the service: harmless, and answered with names, kinds and counts alone."""

from __future__ import annotations

import datetime
import json

import pytest
from aiohttp import web

from confirma_async import AuthenticationError, Confirma, Overrides, Sandbox
from confirma_async.comparison import FindingKind
from confirma_async.errors import NotTheServiceError
from confirma_async.sandbox import VirtualClock
from tests.services.standin import stand_in


def answering(found):
    def answer(_method, path, query):
        name = path.removeprefix("/api/v1/partner")
        if name not in found:
            return 404
        value = found[name]
        return value(query) if callable(value) else value

    return answer


SERVICE = {
    "/validate": {"isValid": True, "message": "secret-looking words"},
    "/payments": [
        {"caseId": 7, "invoiceNumber": "1", "bookingDate": "2026-11-02", "paidSum": 12.5, "odd": [1]}
    ],
    "/settlements": {"data": {"settlements": [{"settlementId": 1, "settlementDate": "soon"}]}},
    "/invoice/distribution": {"data": []},
    "/invoice/case": {"case": {"summary": {"caseId": 7}}},
}


async def test_what_differs_is_found_without_a_value_and_without_harm():
    async with stand_in(answering(SERVICE)) as service, service.client() as confirma:
        found = await confirma.contract.check()
    reported = {(each.what, each.about): each for each in found.differences}
    assert reported["list", "payments.settlements"].correction == (
        "lists",
        "payments.settlements",
        "data.settlements",
    )
    assert reported["name", "Payment.amount"].correction == ("names", "Payment.amount", "paidSum")
    assert ("name", "$[].odd") in reported
    assert ("kind", "Settlement.settlement_date") in reported
    assert ("path", "invoices.distributions_v2") in reported
    assert ("filter", "payments.list") in reported
    asked = {(method, path) for method, path, _ in service.asked}
    assert {method for method, _ in asked} == {"GET"}
    assert not any(path.endswith("/renew") for _, path in asked)
    assert not any("unfetchedOnly" in query for _, _, query in service.asked)
    everything = found.to_toml() + json.dumps(found.to_dict())
    assert not any(value in everything for value in ("secret-looking", "12.5", "soon", '"7"'))
    proposed = found.overrides()
    assert proposed.names == {"Payment.amount": "paidSum"}
    assert proposed.confirms("Payment.case_id")


async def test_the_sandbox_is_as_the_contract_says(wire_invoice):
    clock = VirtualClock(datetime.datetime.now(datetime.UTC))
    async with Sandbox(clock=clock) as sandbox, Confirma(sandbox.api_key, base_url=sandbox.url) as confirma:
        today = str(clock.now().date())
        await confirma.invoices.create(wire_invoice(1, header={"date": today, "dueDate": today}))
        found = await confirma.contract.check()
    assert not found.differences
    assert ("filter", "invoices.distributions") in {
        (each.what, each.about) for each in found.findings if each.standing is FindingKind.CONFIRMED
    }


@pytest.mark.parametrize(
    "service",
    [
        lambda *_: web.Response(text="<html>", content_type="text/html"),
        lambda *_: {"pets": []},
        lambda *_: {"isValid": True},
        lambda *_: [],
    ],
    ids=["HTML", "another API", "200 to everything", "a list"],
)
async def test_what_is_not_the_service_is_told(service):
    async with stand_in(service) as running, running.client() as confirma:
        with pytest.raises(NotTheServiceError, match="does not look like the service"):
            await confirma.contract.check()


async def test_a_key_that_is_not_accepted_is_told():
    async with stand_in(lambda *_: 401) as running, running.client() as confirma:
        with pytest.raises(AuthenticationError):
            await confirma.contract.check()


async def test_ordinary_traffic_is_recorded_without_a_value(tmp_path):
    file = tmp_path / "contract.json"
    async with stand_in(answering(SERVICE)) as service, service.client(record_contract=file) as confirma:
        for _ in range(3):
            await confirma.payments.list()
    reported = json.loads(file.read_text())
    about = {each["about"]: each for each in reported["findings"]}
    assert about["Payment.case_id"]["count"] == 3
    assert about["Payment.amount"]["correction"] == ["names", "Payment.amount", "paidSum"]
    assert "12.5" not in file.read_text()


async def test_what_was_proposed_makes_up_for_what_differs():
    async with stand_in(answering(SERVICE)) as service:
        async with service.client() as confirma:
            proposed = (await confirma.contract.check()).overrides()
        async with service.client(overrides=proposed) as confirma:
            (payment,) = await confirma.payments.list()
            assert payment.amount is not None
            assert len((await confirma.payments.settlements()).settlements) == 1


def test_overrides_of_a_comparison_are_overrides():
    assert Overrides().confirms("Payment.amount") is False
