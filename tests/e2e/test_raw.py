"""Behind the verbs: whole answers, requests of one's own, and what overrides say of calls."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

import confirma_sync
from confirma_async import ConfigurationError, Confirma, Overrides, Sandbox
from confirma_async.cli.app import run
from confirma_async.errors import NotFoundError, OutcomeUnknownError, ResponseDecodeError
from confirma_async.sandbox.openapi import document
from confirma_async.schemas import TokenValidity
from tests.services.standin import stand_in


async def test_a_raw_verb_gives_the_whole_answer(sandbox, confirma):
    response = await confirma.raw.onboarding.validate_token()
    assert response.status == 200
    assert response.headers["X-Sandbox"]
    assert response.request_id
    assert json.loads(response.content)["isValid"] is True
    assert response.parse() == await confirma.onboarding.validate_token()
    assert isinstance(response.parse(), TokenValidity)
    payments = await confirma.raw.payments.list()
    assert (payments.parse(), payments.content) == ((), b"[]")


async def test_an_answer_that_cannot_be_read_is_there_all_the_same():
    async with stand_in(lambda *_: {"odd": 1}) as service, service.client() as confirma:
        response = await confirma.raw.payments.list()
        assert response.content == b'{"odd": 1}'
        with pytest.raises(ResponseDecodeError):
            response.parse()


async def test_a_request_of_ones_own_goes_the_way_of_every_call(sandbox, confirma):
    response = await confirma.request("get", "/validate", headers={"X-A": "b"})
    assert response.parse()["isValid"] is True
    with pytest.raises(NotFoundError):
        await confirma.request("GET", "/nothing/here")


async def test_its_body_and_query_are_sent_exactly(wire_invoice):
    async with stand_in(lambda *_: {"amount": 1.10}) as service, service.client() as confirma:
        answer = await confirma.request("POST", "/new", body={"amount": Decimal("1.10")}, query={"dry": True})
        assert answer.parse() == {"amount": Decimal("1.1")}
        assert service.asked == [("POST", "/api/v1/partner/new", {"dry": "true"})]


@pytest.mark.parametrize(
    ("method", "path", "options", "said"),
    [
        ("GET", "//elsewhere.example/x", {}, "hold no host"),
        ("GET", "https://elsewhere.example/x", {}, "hold no host"),
        ("GET", "/../x", {}, "hold no host"),
        ("GET", "/x?y=1", {}, "give query="),
        ("TRACE", "/x", {}, "no method"),
        ("GET", "/renew", {}, "renew_token"),
        ("POST", "/invoice", {"repeatable": True}, "never sent again blindly"),
    ],
)
async def test_what_must_not_be_asked_is_refused(method, path, options, said, confirma, sandbox):
    with pytest.raises(ConfigurationError, match=said):
        await confirma.request(method, path, **options)
    assert not sandbox.requests


async def test_what_changes_something_is_not_sent_again():
    async with stand_in(lambda *_: 500) as service, service.client() as confirma:
        with pytest.raises(OutcomeUnknownError):
            await confirma.request("POST", "/new")
        assert len(service.asked) == 1
        with pytest.raises(OutcomeUnknownError):
            await confirma.request("GET", "/settlements", query={"unfetchedOnly": True})
        assert len(service.asked) == 2


async def test_retries_are_of_a_call():
    async with stand_in(lambda *_: 503) as service, service.client() as confirma:
        for retries in (0, 2):
            service.asked.clear()
            with pytest.raises(Exception, match="503"):
                await confirma.request("GET", "/validate", retries=retries)
            assert len(service.asked) == retries + 1


def test_the_twin_has_both():
    with (
        confirma_sync.Sandbox() as sandbox,
        confirma_sync.Confirma(sandbox.api_key, base_url=sandbox.url) as confirma,
    ):
        assert confirma.raw.onboarding.validate_token().parse().is_valid
        assert confirma.request("GET", "/validate").status == 200


CORRECTED = Overrides(
    forced=True,
    methods={"accounting.invoice_statuses": "POST"},
    lists={
        "payments.list": "data.items",
        "payments.settlements": "$",
        "invoices.distributions": "body.records",
    },
    headers={"payments.list": {"X-Version": "2"}},
    query={"payments.list": {"shape": "new"}},
    confirmed=True,
)


async def test_lists_methods_headers_and_parameters_follow_the_overrides():
    async with (
        Sandbox(overrides=CORRECTED) as sandbox,
        Confirma(sandbox.api_key, base_url=sandbox.url, overrides=CORRECTED) as confirma,
    ):
        raw = await confirma.raw.payments.list()
        assert json.loads(raw.content) == {"data": {"items": []}}
        assert raw.parse() == ()
        assert json.loads((await confirma.raw.payments.settlements()).content) == []
        assert (await confirma.payments.settlements()).settlements == ()
        listed = json.loads((await confirma.raw.invoices.distributions()).content)
        assert listed["body"] == {"records": []}
        assert listed["metaData"]["totalCount"] == 0
        assert (await confirma.invoices.distributions()).data == ()
        assert (await confirma.accounting.invoice_statuses()).invoices == ()


async def test_fixed_headers_and_parameters_are_sent():
    async with stand_in(lambda *_: {"data": {"items": []}}) as service:
        async with service.client(overrides=CORRECTED) as confirma:
            assert await confirma.payments.list(query={"more": "1"}) == ()
        assert service.asked[0][2] == {"shape": "new", "more": "1"}
        assert service.headers[0]["X-Version"] == "2"


def test_the_openapi_document_follows_them():
    paths = document(CORRECTED)["paths"]
    assert "post" in paths["/api/v1/partner/accounting/invoice"]
    answer = paths["/api/v1/partner/payments"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    assert answer["properties"]["data"]["properties"]["items"]["type"] == "array"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('forced = true\n[methods]\n"payments.list" = "FETCH"', "must be one of"),
        ('[methods]\n"payments.list" = "POST"', "documented"),
        ('[lists]\n"onboarding.validate_token" = "data"', "must be a list"),
        ('[headers."payments.list"]\n"a b" = "c"', "no name that can be"),
        ('confirmed = ["Nothing.here"]', "no name"),
        ("confirmed = 1", "confirmed: must be"),
        ("[query]\nx = 1", "must be a table"),
    ],
)
def test_overrides_that_cannot_be_are_told(content, said, tmp_path):
    file = tmp_path / "o.toml"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=said):
        Overrides.from_toml(file)


def test_the_command_line_sends_requests_and_shows_the_contract(tmp_path, capsys, monkeypatch, quiet_logger):
    with confirma_sync.Sandbox() as sandbox:
        monkeypatch.setenv("CONFIRMA_API_KEY", sandbox.api_key)
        monkeypatch.setenv("CONFIRMA_BASE_URL", sandbox.url)
        assert run(["api", "GET", "/validate", "-i"]) == 0
        reported = capsys.readouterr()
        assert json.loads(reported.out)["isValid"] is True
        assert "HTTP 200" in reported.err
        assert run(["api", "GET", "/nothing"]) == 1
        assert run(["api", "GET", "nothing"]) == 2
    file = tmp_path / "o.toml"
    file.write_text('confirmed = true\n[names]\n"Payment.amount" = "sum"\n')
    capsys.readouterr()
    assert run(["contract", "show", "Payment.amount", "--json", "--overrides", str(file)]) == 0
    shown = next(row for row in json.loads(capsys.readouterr().out) if row["fact"] == "Payment.amount")
    assert shown == {
        "fact": "Payment.amount",
        "in_force": "sum",
        "evidence": "confirmed by you",
        "shipped": "amount",
    }
