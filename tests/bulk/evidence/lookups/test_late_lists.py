"""Lists that are late and in order, and witnesses in them."""

import asyncio

import pytest
from late_lists import run_job

from confirma_async.bulk.models import State, Unknown
from tests.bulk.evidence.lookups.late import Late, arrives_unheard, says
from tests.bulk.evidence.lookups.service import HOUR, detail, reset, source, states


def test_a_service_may_be_at_work_after_a_connection_broke(in_virtual_time, journal, request_of):
    """It has done with the call within the settle time, and the list is in order: late by half a minute."""

    async def scenario(loop):
        service = Late(loop, n1=[reset])
        service.late = 30.0
        loop.call_later(40, service.take, 1)
        await run_job(service, journal, source(request_of(1), 1, request_of(2), 90, request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1, service.posts


@pytest.mark.parametrize(
    "answer", [(500, {}), (200, {"error": "upstream timeout"}), (307, {}), (409, {})], ids=str
)
def test_a_service_may_be_at_work_after_an_answer(in_virtual_time, journal, request_of, answer):
    """A gateway that lost its upstream says so in many words."""

    async def scenario(loop):
        service = Late(loop, n1=[says(*answer)])
        service.late = 30.0
        loop.call_later(40, service.take, 1)
        await run_job(service, journal, source(request_of(1), 1, request_of(2), 90, request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1, service.posts
    assert states(journal)[1, "INVOICE"] is not State.REJECTED, detail(journal)


def test_a_list_out_of_order_breaks_the_assumption(in_virtual_time, journal, request_of):
    """Why the docs name it: there a witness is no proof."""

    async def scenario(loop):
        async def arrives_unheard(service, number):
            loop.call_later(300, service.take, number)  # that is when the list shows it
            await reset(service, number)

        service = Late(loop, n1=[arrives_unheard])
        await run_job(service, journal, source(request_of(1), 90, request_of(2), 300, request_of(3)))
        return service

    assert in_virtual_time(scenario).count(1) == 2


def test_what_was_contradicted_and_is_shown_absent_is_rejected(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Late(loop, n1=[says(409, {"message": "number in use"})])
        await run_job(service, journal, source(request_of(1), 90, request_of(2)))
        return service

    assert in_virtual_time(scenario).posts == [1, 2]
    assert states(journal)[1, "INVOICE"] is State.REJECTED, detail(journal)


@pytest.mark.parametrize("runs", [1, 2, 4])
def test_the_same_command_again_finds_the_witness_of_the_first_run(
    in_virtual_time,
    journal,
    request_of,
    runs,
):
    """Nothing new is sent in between; the list comes up to date after some runs that were in vain."""

    async def scenario(loop):
        service = Late(loop, n1=[reset])
        service.late = 2 * HOUR
        for _ in range(runs):
            await run_job(service, journal, source(request_of(1), 90, request_of(2), request_of(3)))
        await asyncio.sleep(3 * HOUR)
        await run_job(service, journal, source(request_of(1), 90, request_of(2), request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED, detail(journal)
    assert service.count(1) == 1


def test_a_witness_is_found_behind_those_that_share_their_number(in_virtual_time, journal, request_of):
    credited = range(3, 14)
    many = [request_of(number) for number in credited]
    many += [request_of(number, type="CREDIT_NOTE") for number in credited]

    async def scenario(loop):
        service = Late(loop, n1=[reset])
        service.late = HOUR
        await run_job(service, journal, source(request_of(1), 90, request_of(2), 1, *many))
        await asyncio.sleep(2 * HOUR)
        await run_job(service, journal, source(request_of(1), request_of(2), *many))
        return service

    assert in_virtual_time(scenario).count(1) == 1


@pytest.mark.long
def test_a_form_is_confirmed_by_a_list_that_comes_after_the_run(in_virtual_time, journal, request_of):
    silent = says(200, {"id": 7}, takes=True)

    async def scenario(loop):
        service = Late(loop, **{f"n{number}": [silent] for number in range(1, 100)})
        service.late = HOUR
        await run_job(service, journal, source(*map(request_of, range(1, 100))))
        assert State.ACCEPTED not in states(journal).values()
        await asyncio.sleep(2 * HOUR)
        await run_job(service, journal, source(*map(request_of, range(1, 100))))
        return service

    service = in_virtual_time(scenario)
    assert journal.evidence.confirmed_forms()
    assert {*states(journal).values()} == {State.ACCEPTED}, detail(journal)
    assert len(service.posts) == 99


def test_a_record_of_an_earlier_attempt_confirms_no_form(in_virtual_time, journal, request_of):
    """The first attempt arrived; a portal answered the second one, and then all that follow."""
    portal = says(200, {"message": "please sign in"})

    async def scenario(loop):
        service = Late(loop, n1=[arrives_unheard, portal], n2=[portal], n3=[portal])
        service.late = 100.0
        invoices = source(request_of(1), 200, request_of(2), request_of(3))
        await run_job(service, journal, invoices, on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert not journal.evidence.confirmed_forms()
    assert all(service.count(number) == 1 for number in (1, 2, 3)), service.posts


@pytest.mark.parametrize(
    "header",
    [{"type": "CREDIT_NOTE"}, {"date": "2026-12-01"}, {"type": "REMINDER", "date": "2026-12-01"}],
    ids=str,
)
def test_a_witness_of_another_kind_proves_nothing(in_virtual_time, journal, request_of, header):
    """The list shows no credit notes; or an invoice from its date on; or a reminder by its invoice's date.

    Of a reminder that may have arrived the docs say that it stays unknown in every run.
    """
    lost = request_of(1, **header)

    async def scenario(loop):
        class Choosy(Late):
            hidden: list[int]

            def take(self, number, **fields):
                if number == 1:
                    self.hidden.append(number)
                else:
                    super().take(number, **fields)

        service = Choosy(loop, n1=[arrives_unheard])
        service.hidden = []
        await run_job(service, journal, source(lost, 1, request_of(2), 90, request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert len(service.hidden) == 1, service.posts


@pytest.mark.parametrize("runs", [1, 5])
def test_what_is_told_of_an_invoice_that_is_held_does_not_grow(
    in_virtual_time,
    journal,
    request_of,
    runs,
):
    async def scenario(loop):
        for _ in range(runs):
            await run_job(Late(loop, n1=[reset]), journal, source(request_of(1)))

    in_virtual_time(scenario)
    assert detail(journal).count("not listed") == 1
