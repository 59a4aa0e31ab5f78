"""A journal in doubt: what is looked up, and what proves that the list is newer than the doubt."""

import asyncio
import time

import pytest
from late_lists import run_job

from confirma_async.bulk.models import State, Unknown
from tests.bulk.evidence.lookups.service import HOUR, Service, detail, source, states


def test_in_doubt_what_is_new_is_looked_up_and_left_where_nothing_newer_is_listed(
    in_virtual_time, in_doubt, request_of
):
    async def scenario(loop):
        loop.wall = time.time() - loop.time()
        service = Service(loop)
        service.take(2, type="INVOICE")
        await run_job(service, in_doubt, source(request_of(2), request_of(3)), on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert service.posts == []
    assert states(in_doubt)[2, "INVOICE"] is State.ACCEPTED
    assert states(in_doubt)[3, "INVOICE"] is State.UNKNOWN
    assert "trust" in detail(in_doubt, 3)


@pytest.mark.parametrize("type_named", [True, False])
def test_in_doubt_a_record_that_names_no_type_may_be_a_forgotten_documents(
    in_virtual_time, in_doubt, request_of, type_named
):
    """The credit note of the same number was sent after the copy was made, the invoice never was."""

    async def scenario(loop):
        loop.wall = time.time() - loop.time()
        service = Service(loop)
        service.take(2, **{"type": "CREDIT_NOTE"} if type_named else {})
        await run_job(service, in_doubt, source(request_of(2)))
        return service

    assert in_virtual_time(scenario).posts == []
    assert states(in_doubt)[2, "INVOICE"] is State.UNKNOWN
    assert ("another type" if type_named else "names no type") in detail(in_doubt, 2)


def test_in_doubt_trust_frees_nothing_of_whose_number_something_is_listed(
    in_virtual_time, in_doubt, request_of
):
    async def scenario(loop):
        loop.wall = time.time() - loop.time()
        service = Service(loop)
        service.take(2)
        await run_job(service, in_doubt, source(request_of(2), request_of(3)))
        with in_doubt.transaction():
            assert in_doubt.trust.regain(loop.clock()) == 1
        await run_job(service, in_doubt, source(request_of(2), request_of(3)))
        return service

    assert in_virtual_time(scenario).posts == [3]


def test_in_doubt_what_was_dated_anew_is_found_by_its_former_date(in_virtual_time, in_doubt, request_of):
    async def scenario(loop):
        service = Service(loop)
        service.take(2, type="INVOICE")
        invoice = request_of(2, date="2026-11-25")
        return await run_twice(
            loop, service, in_doubt, invoice, between=lambda: service.take(7, invoiceDate="2026-11-26")
        )

    assert in_virtual_time(scenario).posts == []
    assert "another invoice of this number" in detail(in_doubt, 2)


async def run_twice(loop, service, journal, *invoices, between):
    """A run that finds nothing newer than the doubt, and one some hours later."""
    loop.wall = time.time() - loop.time()
    await run_job(service, journal, source(*invoices))
    assert service.posts == []
    await asyncio.sleep(2 * HOUR)
    between()
    await run_job(service, journal, source(*invoices))
    return service


def test_in_doubt_what_is_new_is_sent_where_something_newer_is_listed(in_virtual_time, in_doubt, request_of):
    async def scenario(loop):
        service = Service(loop)
        invoices = map(request_of, range(2, 12))
        taken = {"type": "INVOICE"}
        return await run_twice(loop, service, in_doubt, *invoices, between=lambda: service.take(7, **taken))

    service = in_virtual_time(scenario)
    assert sorted(service.posts) == [2, 3, 4, 5, 6, 8, 9, 10, 11]
    assert all(service.count(number) == 1 for number in range(2, 12))
    assert set(states(in_doubt).values()) == {State.ACCEPTED}


@pytest.mark.parametrize(
    ("more", "proven"),
    [
        ({}, False),
        ({"type": "CREDIT_NOTE"}, True),
        ({"type": "CREDIT_NOTE", "invoiceDate": "2026-10-31"}, False),
        ({"type": "INVOICE"}, False),
    ],
    ids=str,
)
def test_in_doubt_something_newer_proves_nothing_of_another_kind(
    in_virtual_time, in_doubt, request_of, more, proven
):
    async def scenario(loop):
        service = Service(loop)
        invoice = request_of(3, type="CREDIT_NOTE", originalInvoiceNumber=1)
        return await run_twice(loop, service, in_doubt, invoice, between=lambda: service.take(7, **more))

    assert in_virtual_time(scenario).posts == ([3] if proven else [])


@pytest.mark.parametrize("ahead", [3 * HOUR, -3 * HOUR])
def test_in_doubt_it_is_the_clock_of_the_service_that_tells_what_is_newer(
    in_virtual_time, in_doubt, request_of, ahead
):
    """This machine's is hours behind, or ahead; its clock says nothing of when the service took something."""

    async def scenario(loop):
        service = Service(loop)
        service.ahead = ahead
        loop.wall = time.time() - loop.time()
        service.take(2)  # right before the doubt
        await run_job(service, in_doubt, source(request_of(3)))
        await run_job(service, in_doubt, source(request_of(3)))
        before = list(service.posts)
        await asyncio.sleep(2 * HOUR)
        service.take(7)
        await run_job(service, in_doubt, source(request_of(3)))
        return before, service.posts

    assert in_virtual_time(scenario) == ([], [3])


def test_in_doubt_nothing_is_newer_where_the_service_does_not_tell_its_time(
    in_virtual_time, in_doubt, request_of
):
    class Timeless(Service):
        def date(self):
            return "soon"

    async def scenario(loop):
        service = Timeless(loop)
        return await run_twice(loop, service, in_doubt, request_of(3), between=lambda: service.take(7))

    assert in_virtual_time(scenario).posts == []
