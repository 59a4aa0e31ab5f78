"""What was sent again, and is refused then."""

import asyncio

import pytest
from late_lists import run_job

from confirma_async.bulk.models import State, Unknown
from tests.bulk.evidence.lookups.late import Late, arrives_unheard, says
from tests.bulk.evidence.lookups.service import HOUR, detail, reset, source, states


def test_what_is_refused_after_it_was_sent_again_on_time_alone_may_be_there(
    in_virtual_time,
    journal,
    request_of,
):
    """The first attempt arrived, so that the service refuses the second: it has the number already."""

    async def scenario(loop):
        service = Late(loop, n1=[arrives_unheard, says(422, {"message": "the number is in use"})])
        service.late = 90.0
        await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED, detail(journal)


@pytest.mark.long
def test_what_was_refused_after_it_was_sent_again_is_not_sent_a_third_time_by_the_next_run(
    in_virtual_time,
    journal,
    request_of,
):
    """A wave of them pauses the run: the next ones know what the service said, and find a witness."""
    many = range(1, 46)
    refuse = [reset, says(422, {"message": "no such account"})]

    async def scenario(loop):
        service = Late(loop, **{f"n{number}": list(refuse) for number in many})
        for _ in range(5):
            await run_job(service, journal, source(*map(request_of, many)), on_unknown=Unknown.RESEND)
        assert {*states(journal).values()} == {State.UNKNOWN}
        await run_job(service, journal, source(*map(request_of, range(1, 50)), 90, request_of(50)))
        return service

    service = in_virtual_time(scenario)
    assert {states(journal)[number, "INVOICE"] for number in many} == {State.REJECTED}, detail(journal)
    assert max(service.posts.count(number) for number in many) == 2


@pytest.mark.parametrize("answer", [(200, {"status": "DUPLICATE"}), (409, {}), (422, {})], ids=str)
def test_time_alone_rejects_nothing(in_virtual_time, journal, request_of, answer):
    """The first attempt arrived, and the list is later than the settle time."""

    async def scenario(loop):
        service = Late(loop, n1=[arrives_unheard, says(*answer)])
        service.late = 300.0
        await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        held = states(journal)[1, "INVOICE"]
        await asyncio.sleep(HOUR)
        await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        return service, held

    service, held = in_virtual_time(scenario)
    assert (held, service.count(1)) == (State.UNKNOWN, 1)
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED, detail(journal)


def test_what_is_told_of_a_rejection_is_what_the_service_said(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Late(loop, n1=[says(409, {"message": "number in use"})])
        await run_job(service, journal, source(request_of(1)))
        await run_job(service, journal, source(request_of(1), 90, request_of(2)))

    in_virtual_time(scenario)
    assert states(journal)[1, "INVOICE"] is State.REJECTED
    assert "number in use" in detail(journal)
    assert "held" not in detail(journal)
