"""Each fault, seen from the client's side of the socket and in what was stored."""

import asyncio
import inspect
import time

import aiohttp
import pytest
from attrs import fields_dict

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox import Fault, FaultRule, Faults

CREATE = "invoices.create"


async def test_too_many_requests_says_when_to_come_again(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.TOO_MANY_REQUESTS, operation=CREATE, retry_after=2.0)
    reply = await partner.post(make_invoice())
    assert (reply.status, reply.headers["Retry-After"]) == (429, "2")
    assert sandbox.invoices() == []


async def test_retry_after_may_be_a_date(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.UNAVAILABLE, retry_after="Mon, 02 Mar 2026 12:00:05 GMT")
    reply = await partner.post(make_invoice())
    assert (reply.status, reply.headers["Retry-After"]) == (503, "Mon, 02 Mar 2026 12:00:05 GMT")


async def test_unavailable_may_say_nothing_of_when(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.UNAVAILABLE)
    reply = await partner.post(make_invoice())
    assert reply.status == 503
    assert "Retry-After" not in reply.headers
    assert sandbox.invoices() == []


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_error_before_the_commit_stores_nothing(partner, sandbox, make_invoice, status):
    sandbox.faults.add(Fault.SERVER_ERROR, status=status)
    assert (await partner.post(make_invoice())).status == status
    assert sandbox.invoices() == []


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_error_after_the_commit_stores_the_invoice(partner, sandbox, make_invoice, status):
    sandbox.faults.add(Fault.SERVER_ERROR, status=status, after_commit=True)
    assert (await partner.post(make_invoice())).status == status
    assert [invoice.number for invoice in sandbox.invoices()] == [1042]


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_gateway_may_answer_in_place_of_the_service(http, sandbox, make_invoice, after_commit):
    sandbox.faults.add(Fault.UNAVAILABLE, after_commit=after_commit)
    sandbox.faults.add(Fault.FOREIGN_ANSWER, after_commit=after_commit)
    sandbox.faults.add(Fault.FOREIGN_ANSWER, after_commit=after_commit, body='{"invoiceNumber": 7}')
    reported = []
    for number in (1, 2, 3):
        async with http.post(
            f"{sandbox.url}/api/v1/partner/invoice",
            json=make_invoice(invoice__header__number=number),
            headers={"X-Api-Key": sandbox.api_key},
        ) as response:
            reported.append((response.status, await response.text()))
    assert [status for status, _ in reported] == [503, 200, 200]
    assert "Sign in" in reported[1][1]
    assert reported[2][1] == '{"invoiceNumber": 7}'
    assert [invoice.number for invoice in sandbox.invoices()] == ([1, 2, 3] if after_commit else [])


@pytest.mark.parametrize("status", [400, 402, 409, 422])
async def test_a_refused_invoice_is_not_stored(partner, sandbox, make_invoice, status):
    sandbox.faults.add(Fault.REFUSAL, status=status)
    reply = await partner.post(make_invoice())
    assert (reply.status, reply.body["message"]) == (status, "a fault was ordered: refusal")
    assert sandbox.invoices() == []


async def test_who_has_no_token_learns_of_no_refusal(http, sandbox):
    sandbox.faults.add(Fault.REFUSAL, status=422)
    async with http.post(f"{sandbox.url}/api/v1/partner/invoice", data=b"{}") as response:
        assert response.status == 401


async def test_the_answer_to_a_refused_invoice_may_be_lost(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.REFUSAL, status=422)
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT)
    with pytest.raises(aiohttp.ClientError):
        await partner.post(make_invoice())
    assert sandbox.invoices() == []
    assert sandbox.faults.remaining() == ()


async def test_a_fault_hits_the_requests_that_hold_its_text(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.REFUSAL, status=422, times=None, containing="1043")
    replies = [await partner.post(make_invoice(number)) for number in (1042, 1043, 1044)]
    assert [reply.status for reply in replies] == [200, 422, 200]
    assert [invoice.number for invoice in sandbox.invoices()] == [1042, 1044]


async def test_a_request_delivered_twice_is_stored_twice_and_the_second_is_the_duplicate(
    partner, sandbox, make_invoice
):
    sandbox.faults.add(Fault.DUPLICATE_DELIVERY)
    assert (await partner.post(make_invoice())).body["status"] == "DUPLICATE"
    assert [invoice.status for invoice in sandbox.invoices()] == ["PAUSED", "DUPLICATE"]
    assert sandbox.requests[CREATE] == 1


async def test_a_dripping_answer_comes_whole_in_the_end(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.SLOW_DRIP, seconds=0.05)
    assert (await partner.post(make_invoice())).body["status"] == "PAUSED"


async def test_a_dripping_answer_can_be_too_slow_for_the_caller(http, sandbox):
    sandbox.faults.add(Fault.SLOW_DRIP, seconds=60)
    headers, patience = {"X-Api-Key": sandbox.api_key}, aiohttp.ClientTimeout(sock_read=0.1)
    url = f"{sandbox.url}/api/v1/partner/validate"
    with pytest.raises(TimeoutError):
        async with http.get(url, headers=headers, timeout=patience) as response:
            await response.read()


async def test_a_caller_who_leaves_a_dripping_answer_is_no_fault_of_the_sandbox(http, sandbox, caplog):
    sandbox.faults.add(Fault.SLOW_DRIP, seconds=0.8)
    headers, patience = {"X-Api-Key": sandbox.api_key}, aiohttp.ClientTimeout(total=0.2)
    with pytest.raises(TimeoutError):
        async with http.get(
            f"{sandbox.url}/api/v1/partner/validate", headers=headers, timeout=patience
        ) as it:
            await it.read()
    await sandbox.close()
    assert not [record for record in caplog.records if record.name == "aiohttp.server"]


async def test_a_caller_who_left_before_a_truncated_answer_is_no_fault_of_the_sandbox(http, sandbox, caplog):
    sandbox.faults.add(Fault.LATENCY, seconds=0.4)
    sandbox.faults.add(Fault.TRUNCATED_BODY)
    headers, patience = {"X-Api-Key": sandbox.api_key}, aiohttp.ClientTimeout(total=0.1)
    with pytest.raises(TimeoutError):
        await http.get(f"{sandbox.url}/api/v1/partner/validate", headers=headers, timeout=patience)
    await sandbox.close()
    assert not [record for record in caplog.records if record.name == "aiohttp.server"]


async def test_a_reset_before_the_commit_stores_nothing(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT)
    with pytest.raises(aiohttp.ClientError):
        await partner.post(make_invoice())
    assert sandbox.requests[CREATE] == 1
    assert sandbox.invoices() == []


async def test_a_reset_after_the_commit_stores_the_invoice(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT)
    with pytest.raises(aiohttp.ClientError):
        await partner.post(make_invoice())
    assert [invoice.number for invoice in sandbox.invoices()] == [1042]


@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE_COMMIT, Fault.RESET_AFTER_COMMIT])
async def test_a_reset_is_a_reset_and_no_orderly_end(sandbox, fault):
    sandbox.faults.add(fault)
    host, port = sandbox.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /api/v1/partner/invoice HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_truncated_body_stores_the_invoice(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.TRUNCATED_BODY)
    with pytest.raises(aiohttp.ClientPayloadError):
        await partner.post(make_invoice())
    assert [invoice.number for invoice in sandbox.invoices()] == [1042]


async def test_latency_delays_the_answer_in_real_time(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.LATENCY, seconds=0.1)
    started = time.monotonic()
    assert (await partner.post(make_invoice())).status == 200
    assert time.monotonic() - started >= 0.1


async def test_an_invoice_is_stored_even_when_its_sender_gave_up_waiting(
    partner, sandbox, make_invoice, until
):
    sandbox.faults.add(Fault.LATENCY, seconds=0.1)
    call = asyncio.create_task(partner.post(make_invoice()))
    await until(lambda: sandbox.requests)
    call.cancel()
    await until(sandbox.invoices)
    assert call.cancelled()
    assert [invoice.number for invoice in sandbox.invoices()] == [1042]


async def test_closing_does_not_wait_for_latency(partner, sandbox, make_invoice, until):
    sandbox.faults.add(Fault.LATENCY, seconds=60)
    call = asyncio.create_task(partner.post(make_invoice()))
    await until(lambda: sandbox.requests)
    started = time.monotonic()
    await sandbox.close()
    assert time.monotonic() - started < 5
    with pytest.raises(aiohttp.ClientError):
        await call


async def test_a_late_listing_is_stored_at_once_and_listed_later(partner, sandbox, make_invoice, monkeypatch):
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real)
    sandbox.faults.add(Fault.LATE_LISTING, seconds=5)
    await partner.post(make_invoice(1))
    await partner.post(make_invoice(2))
    assert len(sandbox.invoices()) == 2
    monkeypatch.setattr(time, "time", lambda: real + 4.9)
    assert [record["invoiceNumber"] for record in await partner.records()] == ["2"]
    assert await partner.records(invoiceNumber="1") == []
    monkeypatch.setattr(time, "time", lambda: real + 5)
    assert [record["invoiceNumber"] for record in await partner.records()] == ["1", "2"]


async def test_a_late_listing_is_still_a_duplicate_of_the_first(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.LATE_LISTING, seconds=3600)
    await partner.post(make_invoice(1))
    assert (await partner.post(make_invoice(1))).body["status"] == "DUPLICATE"


async def test_a_fault_hits_as_often_as_ordered(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.UNAVAILABLE, times=2)
    statuses = [(await partner.post(make_invoice())).status for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert sandbox.requests[CREATE] == 3


async def test_a_fault_without_a_number_of_times_hits_for_ever(partner, sandbox):
    sandbox.faults.add(Fault.UNAVAILABLE, times=None)
    assert {(await partner.listing()).status for _ in range(5)} == {503}
    assert sandbox.faults.remaining()[0].times is None


async def test_a_fault_hits_its_operation_only(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.UNAVAILABLE, operation=CREATE)
    assert (await partner.listing()).status == 200
    assert (await partner.post(make_invoice())).status == 503


async def test_two_faults_that_touch_the_answer_hit_two_requests(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.UNAVAILABLE)
    sandbox.faults.add(Fault.TOO_MANY_REQUESTS)
    statuses = [(await partner.post(make_invoice())).status for _ in range(3)]
    assert statuses == [503, 429, 200]


async def test_a_late_listing_joins_a_reset_of_the_same_request(partner, sandbox, make_invoice):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT)
    sandbox.faults.add(Fault.LATE_LISTING, seconds=3600)
    with pytest.raises(aiohttp.ClientError):
        await partner.post(make_invoice())
    assert len(sandbox.invoices()) == 1
    assert await partner.records() == []


async def test_a_fault_answer_is_signed_as_the_sandboxs_too(partner, sandbox):
    sandbox.faults.add(Fault.UNAVAILABLE)
    assert "not the vendor's" in (await partner.listing()).headers["x-sandbox"]


def test_every_attribute_of_a_rule_can_be_given_by_its_name():
    assert ["self", *fields_dict(FaultRule)] == [*inspect.signature(Faults.add).parameters]
    faults = Faults()
    faults.add(Fault.CUT_LIST, operation="payments.list", times=None, records=3, skipped=2, counted=True)
    rule = FaultRule(
        kind=Fault.CUT_LIST, operation="payments.list", times=None, records=3, skipped=2, counted=True
    )
    assert faults.remaining() == (rule,)


def test_remaining_says_what_is_left_and_clear_takes_it_back():
    faults = Faults()
    faults.add(Fault.UNAVAILABLE, times=3)
    faults.plan(CREATE)
    assert [(rule.kind, rule.times) for rule in faults.remaining()] == [(Fault.UNAVAILABLE, 2)]
    faults.clear()
    assert faults.remaining() == ()


def test_a_fault_that_has_hit_is_gone():
    faults = Faults()
    faults.add(Fault.UNAVAILABLE)
    faults.plan(CREATE)
    assert not faults.remaining()


def test_the_same_seed_makes_the_same_dice():
    def hits(seed: int) -> list[bool]:
        faults = Faults()
        faults.seed(seed)
        faults.add(Fault.UNAVAILABLE, times=None, probability=0.5)
        return [faults.plan(CREATE).decisive is not None for _ in range(64)]

    assert hits(1) == hits(1)
    assert hits(1) != hits(2)
    assert 10 < sum(hits(1)) < 54


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Fault.LATENCY, {"seconds": -1}),
        (Fault.LATENCY, {"seconds": float("nan")}),
        (Fault.LATENCY, {"retry_after": 1}),
        (Fault.UNAVAILABLE, {"seconds": 1}),
        (Fault.UNAVAILABLE, {"times": 0}),
        (Fault.UNAVAILABLE, {"probability": 0}),
        (Fault.UNAVAILABLE, {"probability": 1.1}),
        (Fault.UNAVAILABLE, {"operation": "invoices.crate"}),
        (Fault.SERVER_ERROR, {"status": 503}),
        (Fault.REFUSAL, {}),
        (Fault.REFUSAL, {"status": 401}),
        (Fault.UNAVAILABLE, {"status": 422}),
        (Fault.RESET_AFTER_COMMIT, {"after_commit": True}),
        (Fault.UNAVAILABLE, {"body": "{}"}),
        (Fault.LATE_LISTING, {"operation": "invoices.distributions"}),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(kind, options):
    with pytest.raises(ConfigurationError):
        Faults().add(kind, **options)
