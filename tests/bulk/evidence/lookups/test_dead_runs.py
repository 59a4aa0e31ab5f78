"""What a run that died has left, and clocks that are wrong."""

import pytest
from late_lists import run_job

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.models import State, Unknown
from confirma_async.converters import Converter
from confirma_async.validation import Checks
from tests.bulk.evidence.lookups.service import HOUR, SETTLE, YEAR, Service, detail, source, states


def killed(journal, request_of, *, now, timeout=120.0):
    """An earlier run that died between its intent and its answer, by the clock of then."""
    entry = prepare(request_of(1), 1, Converter(), Checks(validate=False))
    with journal.transaction():
        run = journal.runs.begin(JobName("late"), now=now)
        (admitted,) = journal.admit([entry], run)
        journal.sending([admitted.position], now, now + timeout)


@pytest.mark.parametrize("then", [0.0, -HOUR, -YEAR, 50.0, 1000.0, YEAR], ids=str)
@pytest.mark.parametrize("jump", [0.0, -YEAR, HOUR, YEAR], ids=str)
def test_no_clock_makes_a_run_believe_too_early(in_virtual_time, journal, request_of, then, jump):
    """The call goes on for most of the settle time of the next run, whatever the clocks said and say."""

    async def scenario(loop):
        killed(journal, request_of, now=loop.clock() + then)
        service = Service(loop)
        loop.call_later(SETTLE - 5, service.take, 1)
        loop.call_later(10, setattr, loop, "wall", loop.wall + jump)
        later = [(1 + 20 * at, request_of(number)) for at, number in enumerate(range(2, 8))]
        invoices = source(request_of(1), *[part for pair in later for part in (20, pair[1])])
        await run_job(service, journal, invoices, on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1
    assert 1 not in service.posts


def test_one_that_was_killed_is_sent_again_once_a_witness_was_sent_after_a_settle_time(
    in_virtual_time, journal, request_of
):
    async def scenario(loop):
        killed(journal, request_of, now=loop.clock())
        service = Service(loop)
        invoices = source(request_of(1), request_of(2), 130, request_of(3))
        await run_job(service, journal, invoices)
        return service

    service = in_virtual_time(scenario)
    assert (service.count(1), service.posts) == (1, [2, 3, 1])


def test_one_whose_call_ends_in_a_year_by_the_journal_is_left_with_the_reason(
    in_virtual_time, journal, request_of
):
    async def scenario(loop):
        killed(journal, request_of, now=loop.clock() + YEAR)
        service = Service(loop)
        await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert service.posts == []
    assert "a clock stands wrong" in detail(journal)
    assert states(journal)[1, "INVOICE"] is State.UNKNOWN
