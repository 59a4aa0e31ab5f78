"""Invoices that are listed, and so show that the list is up to date."""

import asyncio

import pytest
from attrs import evolve
from late_lists import run_job

from confirma_async.bulk.evidence.witnesses import Witnesses
from confirma_async.bulk.models import Row, State, Unknown
from confirma_async.errors import Phase, TransportError
from confirma_async.schemas.identity import InvoiceKey
from tests.bulk.evidence.lookups.service import SETTLE, Service, detail, reset, source, states


async def given_up(service, number):
    raise TransportError("no answer in time", phase=Phase.NO_REPLY)


def test_what_is_sent_while_a_lookup_is_under_way_counts_when_it_is_decided(
    in_virtual_time, journal, request_of
):
    """The record found is the credit note's, which was sent after the question and before the answer."""

    class Slow(Service):
        asking: asyncio.Event

        async def list(self, request):
            self.asking.set()
            while self.posts.count(1) < 2:  # noqa: ASYNC110 (time is virtual)
                await asyncio.sleep(0.1)
            return await super().list(request)

    async def scenario(loop):
        service = Slow(loop, n1=[reset])
        service.asking = asyncio.Event()

        async def invoices():
            yield request_of(1)
            await service.asking.wait()
            yield request_of(1, type="CREDIT_NOTE")

        await run_job(service, journal, invoices())
        return service

    service = in_virtual_time(scenario)
    assert states(journal) == {(1, "INVOICE"): State.UNKNOWN, (1, "CREDIT_NOTE"): State.ACCEPTED}
    assert "another document" in detail(journal)
    assert service.posts == [1, 1]


def test_a_lost_invoice_is_sent_again_when_a_later_one_is_listed(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Service(loop, n1=[reset])
        await run_job(service, journal, source(request_of(1), 90, request_of(2)))
        return service

    service = in_virtual_time(scenario)
    assert (service.count(1), service.posts) == (1, [1, 2, 1])
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED


def test_one_that_was_sent_before_the_loss_is_no_witness(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Service(loop, n2=[reset])
        await run_job(service, journal, source(request_of(1), 5, request_of(2)))
        return service

    service = in_virtual_time(scenario)
    assert service.posts == [1, 2]
    assert states(journal)[2, "INVOICE"] is State.UNKNOWN
    assert "no invoice that was accepted after it is listed" in detail(journal, 2)


def test_the_next_runs_invoices_are_witnesses(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Service(loop, n1=[reset])
        await run_job(service, journal, source(request_of(1)))
        held = states(journal)[1, "INVOICE"]
        await run_job(service, journal, source(request_of(1), request_of(2)))
        return service, held

    service, held = in_virtual_time(scenario)
    assert held is State.UNKNOWN
    assert sorted(service.posts) == [1, 1, 2]
    assert (service.count(1), states(journal)[1, "INVOICE"]) == (1, State.ACCEPTED)


def test_a_call_that_was_given_up_may_go_on_for_the_settle_time(in_virtual_time, journal, request_of):
    """A witness that was accepted while the service may still have been at work proves nothing."""

    async def scenario(loop):
        service = Service(loop, n1=[given_up])
        loop.call_later(SETTLE - 5, service.take, 1)
        await run_job(service, journal, source(request_of(1), 1, request_of(2), 30, request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert (service.count(1), service.posts.count(1)) == (1, 1)
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED


def test_one_that_is_spelled_otherwise_in_the_list_is_no_witness_and_does_not_stand_in_the_way(
    in_virtual_time, journal, request_of
):
    class Odd(Service):
        def take(self, number, **fields):
            super().take(number, **({"status": "SOMETHING_NEW"} if number == 2 else {}))

    async def scenario(loop):
        service = Odd(loop, n1=[reset])
        await run_job(service, journal, source(request_of(1), 90, request_of(2), 5, request_of(3)))
        return service

    assert in_virtual_time(scenario).count(1) == 1
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED


def test_time_alone_is_believed_where_that_was_said(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Service(loop, n1=[reset])
        job = await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        return service, job

    service, _ = in_virtual_time(scenario)
    assert service.posts == [1, 1]
    assert "no witness" in detail(journal)


def test_few_witnesses_are_kept_in_mind():
    async def ask(row):
        return False

    witnesses = Witnesses(ask, 1.0, 1.0)
    key = InvoiceKey("s", "INVOICE", 1, "", "2026-11-01")
    row = Row(position=1, key=key, source="", digest=b"", state=State.ACCEPTED, run=1)
    for number in range(5000):
        witnesses.note([evolve(row, sequence=number)])
    assert len(witnesses._pool) <= 129
    assert 0 in witnesses._pool


KEY = InvoiceKey("0737546-2", "INVOICE", 1, "", "2026-11-01")


@pytest.mark.parametrize("seen", [False, True], ids=["not asked for yet", "seen listed"])
@pytest.mark.parametrize(
    ("changes", "ended", "serves"),
    [
        ({}, 7, True),
        ({"date": "2026-10-01"}, 7, True),
        ({}, 8, False),
        ({}, 9, False),
        ({"type": "CREDIT_NOTE"}, 7, False),
        ({"seller": "2077474-0"}, 7, False),
        ({"date": "2026-11-02"}, 7, False),
        ({"date": ""}, 7, False),
    ],
    ids=str,
)
async def test_a_witness_serves_what_is_like_it_and_had_ended_before_it_began(seen, changes, ended, serves):
    """Those that another invoice had brought to mind are no witnesses for all."""

    async def ask(row):
        return True

    witnesses = Witnesses(ask, 1.0, 1.0)
    row = Row(position=1, key=KEY, source="", digest=b"", state=State.ACCEPTED, run=1, sequence=8)
    witnesses.note([row])
    if seen:
        assert await witnesses.has(KEY, 7)
    lost = evolve(KEY, **changes)
    assert seen or witnesses.may_come(lost, ended) is serves
    assert await witnesses.has(lost, ended) is serves
