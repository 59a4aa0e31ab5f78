"""Creating invoices."""

import asyncio
import json
from typing import Any

import pytest


async def test_an_invoice_is_received_as_paused(partner, make_invoice):
    reply = await partner.post(make_invoice(1042))
    assert reply.status == 200
    assert (reply.body["invoiceNumber"], reply.body["status"]) == (1042, "PAUSED")


async def test_the_body_is_stored_exactly_as_received(partner, sandbox, make_invoice):
    body = json.dumps({**make_invoice(7), "unknownKey": {"kept": 1.10}}, indent=3).encode()
    await partner.post(body)
    (stored,) = sandbox.invoices()
    assert stored.body == body
    assert (stored.number, stored.type, stored.seller, stored.status) == (7, "INVOICE", "23456781", "PAUSED")
    assert stored.received_at == sandbox.clock.now()


async def test_a_number_over_64_bits_is_kept_exactly(partner, sandbox, make_invoice):
    await partner.post(make_invoice(2**64 + 1))
    assert sandbox.invoices()[0].number == 2**64 + 1
    assert (await partner.record(2**64 + 1))["invoiceNumber"] == str(2**64 + 1)


async def test_a_second_invoice_of_one_identity_is_a_duplicate_with_a_record_of_its_own(
    partner, sandbox, make_invoice
):
    await partner.post(make_invoice(1))
    reply = await partner.post(make_invoice(1, invoice__header__description="changed"))
    assert (reply.status, reply.body["status"]) == (200, "DUPLICATE")
    assert [invoice.status for invoice in sandbox.invoices()] == ["PAUSED", "DUPLICATE"]


async def test_a_duplicate_never_moves_on(partner, sandbox, make_invoice):
    await partner.post(make_invoice(1))
    await partner.post(make_invoice(1))
    sandbox.clock.advance(days=1)
    first, second = await partner.records(invoiceNumber="1")
    assert (first["status"], second["status"]) == ("INVOICED", "DUPLICATE")
    assert "caseId" not in second


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("invoice__header__type", "COLLECTION"),
        ("invoice__header__number", 2),
        ("invoice__parties__sellerParty__businessId", "1111111-1"),
    ],
)
async def test_another_type_number_or_seller_is_another_invoice(partner, make_invoice, place, value):
    await partner.post(make_invoice(1))
    assert (await partner.post(make_invoice(1, **{place: value}))).body["status"] == "PAUSED"


async def test_the_vat_code_identifies_a_seller_without_a_business_id(partner, sandbox, make_invoice):
    seller = {"invoice__parties__sellerParty": {"vatCode": "FI23456781"}}
    await partner.post(make_invoice(1, **seller))
    assert (await partner.post(make_invoice(1, **seller))).body["status"] == "DUPLICATE"
    assert sandbox.invoices()[0].seller == "23456781"


@pytest.mark.parametrize(
    "seller", [{"businessId": "07375462"}, {"businessId": "737546-2"}, {"vatCode": "FI 07375462"}]
)
async def test_a_seller_spelled_in_another_way_is_the_same(partner, make_invoice, seller):
    await partner.post(make_invoice(1, invoice__parties__sellerParty={"businessId": "0737546-2"}))
    again = make_invoice(1, invoice__parties__sellerParty=seller)
    assert (await partner.post(again)).body["status"] == "DUPLICATE"


async def test_an_invoice_without_parties_belongs_to_the_client_itself(partner, sandbox, make_invoice):
    await partner.post(make_invoice(1, invoice__parties=None))
    assert sandbox.invoices()[0].seller == ""


async def test_a_reminder_may_repeat_on_another_date(partner, make_invoice):
    def reminder(day: str) -> Any:
        return make_invoice(1, invoice__header__type="REMINDER", invoice__header__date=day)

    statuses = [
        (await partner.post(reminder(day))).body["status"]
        for day in ("2026-03-01", "2026-03-08", "2026-03-08")
    ]
    assert statuses == ["PAUSED", "PAUSED", "DUPLICATE"]


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"\xff\xfe", b"[" * 100_000])
async def test_what_is_not_json_gets_400(partner, sandbox, body):
    reply = await partner.post(body)
    assert (reply.status, reply.body["message"]) == (400, "the body is not JSON")
    assert sandbox.invoices() == []


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"{}"])
async def test_json_that_is_no_invoice_gets_400(partner, body):
    assert (await partner.post(body)).status == 400


async def test_all_wrong_places_are_named_at_once(partner, make_invoice):
    reply = await partner.post(
        make_invoice(
            1,
            invoice__header__number="ten",
            invoice__header__currencyCode=None,
            invoice__rows=[{"quantity": 1}, {"quantity": "12", "netAmount": 1.005}],
        )
    )
    assert reply.status == 400
    assert [error["field"] for error in reply.body["errors"]] == [
        "$.invoice.header.number",
        "$.invoice.header.currencyCode",
        "$.invoice.rows[1].quantity",
        "$.invoice.rows[1].netAmount",
    ]


async def test_a_refusal_never_echoes_a_value(partner, make_invoice):
    secret = "131052-308T"
    reply = await partner.post(
        make_invoice(
            1,
            invoice__parties__buyerParty__personalIdentityNumber=[secret],
            invoice__header__date=secret,
            invoice__header__dueDate={secret: secret},
            invoice__amounts=secret,
        )
    )
    assert reply.status == 400
    assert len(reply.body["errors"]) == 4
    assert secret not in json.dumps(reply.body)


async def test_broken_json_is_not_echoed_either(partner):
    reply = await partner.post(b'{"personalIdentityNumber": "131052-308T", ')
    assert reply.status == 400
    assert "131052" not in json.dumps(reply.body)


async def test_a_body_over_the_limit_gets_413(partner, sandbox):
    reply = await partner.post(b" " * (33 * 1024 * 1024))
    assert reply.status == 413
    assert reply.headers["Content-Type"] == "application/json"
    assert sandbox.requests["invoices.create"] == 1


async def test_a_body_of_many_megabytes_is_taken(partner, sandbox, make_invoice):
    attachment = {"fileName": "a.pdf", "data": "A" * (20 * 1024 * 1024)}
    assert (await partner.post(make_invoice(1, invoice__attachments=[attachment]))).status == 200
    assert len(sandbox.invoices()) == 1


async def test_64_concurrent_posts_of_64_invoices_are_all_stored_once(partner, sandbox, make_invoice):
    replies = await asyncio.gather(*(partner.post(make_invoice(number)) for number in range(1, 65)))
    assert {reply.body["status"] for reply in replies} == {"PAUSED"}
    assert sorted(invoice.number for invoice in sandbox.invoices()) == list(range(1, 65))


async def test_64_concurrent_posts_of_one_invoice_leave_one_original(partner, sandbox, make_invoice):
    await asyncio.gather(*(partner.post(make_invoice(1)) for _ in range(64)))
    statuses = [invoice.status for invoice in sandbox.invoices()]
    assert statuses == ["PAUSED"] + ["DUPLICATE"] * 63
