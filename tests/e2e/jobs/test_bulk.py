"""Bulk jobs over a real socket: every invoice exactly once, whatever goes wrong."""

import asyncio
import contextlib
import datetime
import sqlite3
import threading
import time
from collections import Counter

import pytest

from confirma_async import Confirma, Overrides, RateLimit, RetryPolicy, Verdict, bulk
from confirma_async.bulk import Report, State, Unknown
from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.models import Entry
from confirma_async.bulk.sqlite.file.journal_file import open_file
from confirma_async.bulk.sqlite.journal import SqliteJournal, open_sqlite
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import (
    ConfigurationError,
    JournalError,
    JournalMismatchError,
    Phase,
    Problem,
    TransportError,
)
from confirma_async.formats import BadRecord, Place
from confirma_async.sandbox import Fault
from confirma_async.session.transport import Response
from confirma_async.validation import Checks

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

ABSENT = (
    b'{"data": [], "metaData": {"totalCount": 0, "filtersApplied":'
    b' {"invoiceNumber": "1", "fromInvDate": "2026-10-25", "toInvDate": "2026-11-08"}}}'
)
CREATE = "invoices.create"
LOOKUP = "invoices.distributions"
TAKEN = b'{"status": "PAUSED", "state": "PAUSED"}'
"""Under either name: some tests correct the status's."""


def held(sandbox):
    """What the service holds, by number; a second POST of an invoice shows as a DUPLICATE record."""
    return Counter(invoice.number for invoice in sandbox.invoices())


def exactly_once(sandbox, count):
    return held(sandbox) == Counter(range(1, count + 1))


async def test_every_invoice_arrives_once(sandbox, confirma, journal, wire_invoice):
    report = await confirma.bulk.submit((wire_invoice(n) for n in range(1, 201)), journal=journal)
    assert (report.accepted, report.complete) == (200, True)
    assert exactly_once(sandbox, 200)


async def test_progress_ends_with_the_report_that_is_returned(confirma, journal, wire_invoice, monkeypatch):
    monkeypatch.setattr(bulk, "PROGRESS_SECONDS", 0.0)
    reported = list[Report]()
    report = await confirma.bulk.submit(
        (wire_invoice(n) for n in range(1, 31)), journal=journal, progress=reported.append
    )
    assert [some.accepted for some in reported] == [*range(1, 31), 30]
    assert reported[-1] == report


async def test_run_again_nothing_is_sent(sandbox, confirma, journal, wire_invoice):
    for _ in range(2):
        report = await confirma.bulk.submit((wire_invoice(n) for n in range(1, 31)), journal=journal)
    assert (report.accepted, report.resumed) == (30, 30)
    assert sandbox.requests[CREATE] == 30


async def test_a_grown_input_sends_only_what_is_new(sandbox, confirma, journal, wire_invoice):
    await confirma.bulk.submit([wire_invoice(n) for n in range(1, 11)], journal=journal)
    report = await confirma.bulk.submit([wire_invoice(n) for n in range(13) if n], journal=journal)
    assert (report.accepted, report.resumed) == (12, 10)
    assert exactly_once(sandbox, 12)


async def test_an_asynchronous_source_is_taken_too(sandbox, confirma, journal, wire_invoice):
    async def source():
        for number in range(1, 101):
            yield wire_invoice(number)
            if number % 30 == 0:
                await asyncio.sleep(0.05)

    report = await confirma.bulk.submit(source(), journal=journal)
    assert report.accepted == 100


async def test_outcomes_are_told_one_by_one(confirma, journal, wire_invoice):
    bad = wire_invoice(3, header={"currencyCode": "EURO"})
    reported = [
        outcome
        async for outcome in confirma.bulk.stream([wire_invoice(1), wire_invoice(2), bad], journal=journal)
    ]
    assert Counter(outcome.verdict for outcome in reported) == {Verdict.ACCEPTED: 2, Verdict.REFUSED: 1}
    (refused,) = (outcome for outcome in reported if outcome.verdict is Verdict.REFUSED)
    assert (refused.number, str(refused.place)) == ("3", "record 3")
    assert refused.problems


def ending_of(path):
    """How the only run of a journal has ended; None where it has not."""
    with reading(path) as journal:
        (run,) = journal.runs.all()
        return run.ending


async def test_breaking_off_is_an_interruption_and_can_be_resumed(sandbox, confirma, journal, wire_invoice):
    invoices = [wire_invoice(n) for n in range(1, 201)]
    async for _ in confirma.bulk.stream(invoices, journal=journal):
        break
    while (ended := ending_of(journal)) is None:  # noqa: ASYNC110 (its own clean-up runs when it is collected)
        await asyncio.sleep(0.01)
    assert ended == "interrupted"
    report = await confirma.bulk.submit(invoices, journal=journal, settle_seconds=0.2)
    assert report.complete
    assert exactly_once(sandbox, 200)


# --- bad records ----------------------------------------------------------------------------------


async def test_bad_records_are_named_and_the_others_go_on(sandbox, confirma, journal, wire_invoice):
    bad = BadRecord(place=Place("f.csv", 9), problems=[Problem("date", "table.date", "is no date")])
    report = await confirma.bulk.submit([wire_invoice(1), bad, wire_invoice(2)], journal=journal)
    assert (report.accepted, report.refused) == (2, 1)
    assert "is no date" in str(report.issues[0].detail)
    with reading(journal) as kept:
        (refused,) = kept.runs.problems(report.run)
    assert (refused.source, refused.rule, refused.message) == ("f.csv:9", "table.date", "is no date")


async def test_the_same_invoice_twice_is_sent_once_and_both_places_are_named(
    sandbox, confirma, journal, wire_invoice
):
    other = wire_invoice(1, header={"description": "not the same"})
    report = await confirma.bulk.submit([wire_invoice(1), other], journal=journal)
    assert (report.accepted, report.refused) == (1, 1)
    (problem,) = report.issues[0].problems
    assert problem.rule == "job.clash"
    assert "record 1" in problem.message
    assert "record 2" in problem.message
    assert "different contents" in problem.message
    assert sandbox.requests[CREATE] == 1


async def test_an_invoice_changed_after_it_was_sent_is_refused(sandbox, confirma, journal, wire_invoice):
    await confirma.bulk.submit([wire_invoice(1)], journal=journal)
    changed = wire_invoice(1, header={"description": "changed"})
    report = await confirma.bulk.submit([changed], journal=journal)
    assert report.refused == 1
    assert report.issues[0].problems[0].rule == "job.changed"
    assert sandbox.requests[CREATE] == 1


async def test_an_invoice_that_the_service_has_from_elsewhere_is_a_duplicate(
    sandbox, confirma, journal, wire_invoice
):
    await confirma.invoices.create(wire_invoice(1))
    report = await confirma.bulk.submit([wire_invoice(1)], journal=journal)
    assert (report.accepted, report.duplicates) == (1, 1)


# --- lost answers ---------------------------------------------------------------------------------


async def test_an_invoice_that_arrived_is_found_and_not_sent_again(sandbox, confirma, journal, wire_invoice):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=5)
    report = await confirma.bulk.submit(
        [wire_invoice(n) for n in range(1, 21)], journal=journal, settle_seconds=30
    )
    assert (report.accepted, report.unknown) == (20, 0)
    assert exactly_once(sandbox, 20)
    assert sandbox.requests[CREATE] == 20


async def test_an_invoice_that_did_not_arrive_is_sent_again_after_the_settle_time(
    sandbox, confirma, journal, wire_invoice
):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=3)
    report = await confirma.bulk.submit(
        [wire_invoice(n) for n in range(1, 11)], journal=journal, settle_seconds=0.3, on_unknown="resend"
    )
    assert (report.accepted, report.unknown) == (10, 0)
    assert exactly_once(sandbox, 10)
    assert sandbox.requests[CREATE] == 13


async def test_a_record_that_appears_late_is_waited_for(sandbox, confirma, journal, wire_invoice):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=1)
    sandbox.faults.add(Fault.LATE_LISTING, operation=CREATE, times=1, seconds=0.5)
    report = await confirma.bulk.submit([wire_invoice(1)], journal=journal, settle_seconds=1.0)
    assert report.accepted == 1
    assert sandbox.requests[CREATE] == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": Fault.TRUNCATED_BODY},
        {"kind": Fault.SERVER_ERROR, "status": 500, "after_commit": True},
        {"kind": Fault.SERVER_ERROR, "status": 502},
    ],
)
async def test_every_answer_that_leaves_it_open_is_looked_up(sandbox, confirma, journal, wire_invoice, fault):
    sandbox.faults.add(operation=CREATE, times=2, **fault)
    report = await confirma.bulk.submit(
        [wire_invoice(n) for n in range(1, 6)], journal=journal, settle_seconds=0.2, on_unknown="resend"
    )
    assert (report.accepted, report.unknown) == (5, 0)
    assert exactly_once(sandbox, 5)


async def test_held_outcomes_are_left_to_a_person(sandbox, confirma, journal, wire_invoice):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=1)
    report = await confirma.bulk.submit(
        [wire_invoice(1)], journal=journal, settle_seconds=0.1, on_unknown=Unknown.HOLD
    )
    assert (report.accepted, report.unknown, report.complete) == (0, 1, False)
    assert "held" in str(report.issues[0].detail)
    assert sandbox.requests[CREATE] == 1


async def test_a_held_outcome_is_found_by_a_later_run(sandbox, confirma, journal, wire_invoice, monkeypatch):
    real = time.time
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=1)
    sandbox.faults.add(Fault.LATE_LISTING, operation=CREATE, times=1, seconds=3600)
    first = await confirma.bulk.submit(
        [wire_invoice(1)], journal=journal, settle_seconds=0, on_unknown="hold"
    )
    assert first.unknown == 1
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    second = await confirma.bulk.submit(
        [wire_invoice(1)], journal=journal, settle_seconds=0, on_unknown="hold"
    )
    assert (second.accepted, second.unknown) == (1, 0)
    assert sandbox.requests[CREATE] == 1


async def test_a_reminder_whose_answer_was_lost_is_left_to_a_person(sandbox, confirma, journal, wire_invoice):
    await confirma.invoices.create(wire_invoice(1))
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=1)
    report = await confirma.bulk.submit(
        [wire_invoice(1, header={"type": "REMINDER"})], journal=journal, settle_seconds=0
    )
    assert report.unknown == 1
    assert "reminder" in str(report.issues[0].detail)
    assert sandbox.requests[CREATE] == 2


async def test_a_lookup_that_keeps_failing_leaves_it_to_the_next_run(
    sandbox, confirma, journal, wire_invoice
):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=1)
    sandbox.faults.add(Fault.SERVER_ERROR, operation=LOOKUP, times=None, status=500)
    first = await confirma.bulk.submit([wire_invoice(1)], journal=journal)
    assert first.unknown == 1
    sandbox.faults.clear()
    second = await confirma.bulk.submit([wire_invoice(1)], journal=journal)
    assert (second.accepted, second.unknown) == (1, 0)
    assert sandbox.requests[CREATE] == 1


@pytest.mark.parametrize("overrides", [Overrides()], ids=["as-shipped"])  # once is long enough
async def test_a_storm_of_faults_loses_and_doubles_nothing(sandbox, confirma, journal, wire_invoice):
    sandbox.faults.seed(7)
    for fault in (Fault.RESET_BEFORE_COMMIT, Fault.RESET_AFTER_COMMIT, Fault.TRUNCATED_BODY):
        sandbox.faults.add(fault, operation=CREATE, times=None, probability=0.05)
    sandbox.faults.add(Fault.TOO_MANY_REQUESTS, times=2, probability=0.03, retry_after=0.01)
    sandbox.faults.add(Fault.LATE_LISTING, operation=CREATE, times=None, probability=0.3, seconds=0.2)
    invoices = [wire_invoice(n) for n in range(1, 301)]
    for _ in range(20):
        report = await confirma.bulk.submit(
            invoices, journal=journal, settle_seconds=0.5, on_unknown="resend"
        )
        if report.complete:
            break
    assert report.accepted == 300
    assert exactly_once(sandbox, 300)


# --- pausing --------------------------------------------------------------------------------------


async def test_a_key_that_is_not_accepted_pauses_the_job_instead_of_failing_every_invoice(
    sandbox, overrides, journal, wire_invoice
):
    invoices = [wire_invoice(n) for n in range(1, 101)]
    async with Confirma("wrong", base_url=sandbox.url, overrides=overrides) as stranger:
        report = await stranger.bulk.submit(invoices, journal=journal)
    assert "API key" in str(report.paused)
    assert (report.accepted, report.rejected, report.complete) == (0, 0, False)
    assert sandbox.requests[CREATE] < 20
    async with Confirma(sandbox.api_key, base_url=sandbox.url, overrides=overrides) as owner:
        report = await owner.bulk.submit(invoices, journal=journal)
    assert (report.accepted, report.complete) == (100, True)
    assert exactly_once(sandbox, 100)


async def test_a_service_that_cannot_be_reached_pauses_the_job(journal, wire_invoice, unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}"
    async with Confirma("k", base_url=url, retry=RetryPolicy(attempts=2, base_seconds=0.01)) as client:
        report = await client.bulk.submit([wire_invoice(n) for n in range(1, 500)], journal=journal)
    assert "cannot be reached" in str(report.paused)
    assert report.unknown == 0
    assert report.pending


async def test_a_service_that_keeps_failing_pauses_the_job(sandbox, confirma, journal, wire_invoice):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=None)
    report = await confirma.bulk.submit(
        (wire_invoice(n) for n in range(1, 1001)), journal=journal, settle_seconds=30
    )
    assert "outcomes in a row are unknown" in str(report.paused)
    assert report.unknown < 60


async def test_asked_to_stop_it_finishes_what_is_under_way(sandbox, confirma, journal, wire_invoice):
    stop = asyncio.Event()
    stream = confirma.bulk.stream((wire_invoice(n) for n in range(1, 2001)), journal=journal, stop=stop)
    async for _ in stream:
        stop.set()
    assert stream.report.interrupted
    assert 0 < stream.report.accepted < 2000
    with reading(journal) as kept:
        assert not list(kept.rows(State.SENDING, State.UNKNOWN))


async def test_asked_to_stop_it_does_not_wait_for_a_slow_source(confirma, journal, wire_invoice):
    stop = asyncio.Event()

    async def source():
        yield wire_invoice(1)
        await asyncio.sleep(3600)

    stream = confirma.bulk.stream(source(), journal=journal, stop=stop)
    async with asyncio.timeout(5):
        async for _ in stream:
            stop.set()
    assert stream.report.accepted == 1


async def test_asked_to_stop_it_does_not_wait_for_settle_times(sandbox, confirma, journal, wire_invoice):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=1)
    stop = asyncio.Event()
    invoices = [wire_invoice(n) for n in range(1, 4)]
    stream = confirma.bulk.stream(invoices, journal=journal, settle_seconds=3600, stop=stop)
    reported = 0
    async with asyncio.timeout(5):
        async for _ in stream:
            reported += 1
            if reported == 2:
                stop.set()
    assert (stream.report.unknown, stream.report.complete) == (1, False)


async def test_cancelled_it_leaves_a_journal_that_resumes(sandbox, confirma, journal, wire_invoice):
    invoices = [wire_invoice(n) for n in range(1, 301)]
    job = asyncio.create_task(confirma.bulk.submit(invoices, journal=journal))
    while sandbox.requests[CREATE] < 50:  # noqa: ASYNC110 (the sandbox counts, it does not signal)
        await asyncio.sleep(0.01)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    report = await confirma.bulk.submit(invoices, journal=journal, settle_seconds=0.5, on_unknown="resend")
    assert report.complete
    assert exactly_once(sandbox, 300)


async def test_cancelled_it_looks_nothing_up_any_more(sandbox, confirma, journal, wire_invoice):
    written, goes_on = threading.Event(), threading.Event()

    class Slow(SqliteJournal):
        def decide(self, decisions):
            written.set()
            goes_on.wait()
            super().decide(decisions)

    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=None)
    before = asyncio.all_tasks()
    job = asyncio.create_task(
        confirma.bulk.submit(
            [wire_invoice(n) for n in range(1, 301)], journal=lambda: Slow(journal, open_file(journal))
        )
    )
    await asyncio.to_thread(written.wait)
    job.cancel()
    asyncio.get_running_loop().call_later(0.01, goes_on.set)
    with pytest.raises(asyncio.CancelledError):
        await job
    assert [task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task)] == []


# --- the journal ----------------------------------------------------------------------------------


async def test_a_failing_source_fails_the_job_and_keeps_what_was_done(
    sandbox, confirma, journal, wire_invoice
):
    def source():
        for number in range(1, 200):
            yield wire_invoice(number)
        raise OSError("the input went away")

    with pytest.raises(OSError, match="went away"):
        await confirma.bulk.submit(source(), journal=journal)
    report = await confirma.bulk.submit(
        (wire_invoice(n) for n in range(1, 200)), journal=journal, settle_seconds=0.5
    )
    assert report.complete
    assert exactly_once(sandbox, 199)


async def test_nothing_is_sent_without_a_journal(sandbox, confirma, tmp_path, wire_invoice):
    with pytest.raises(JournalError):
        await confirma.bulk.submit([wire_invoice(1)], journal=tmp_path / "no" / "where")
    assert not sandbox.requests


async def test_a_disk_that_fills_up_stops_the_job_before_anything_unrecorded_is_sent(
    sandbox, confirma, journal, wire_invoice, monkeypatch
):
    real = SqliteJournal.sending

    def full(self, positions, now, ends_at):
        if max(positions) > 40:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        real(self, positions, now, ends_at)

    monkeypatch.setattr(SqliteJournal, "sending", full)
    invoices = [wire_invoice(n) for n in range(1, 101)]
    with pytest.raises(JournalError, match="the disk is full"):
        await confirma.bulk.submit(invoices, journal=journal)
    monkeypatch.undo()
    assert max(held(sandbox)) <= 40
    report = await confirma.bulk.submit(invoices, journal=journal, settle_seconds=0.5)
    assert report.complete
    assert exactly_once(sandbox, 100)


async def test_a_journal_of_another_service_is_refused(confirma, journal, wire_invoice):
    await confirma.bulk.submit([wire_invoice(1)], journal=journal, target="the other")
    with pytest.raises(JournalMismatchError, match="the other"):
        await confirma.bulk.submit([wire_invoice(1)], journal=journal)


async def test_jobs_at_once_send_each_invoice_of_a_journal_once(sandbox, overrides, journal, wire_invoice):
    """Each meets what the others have in their hands, and waits for it."""
    numbers = range(1, 101)

    async def submit(order):
        async with Confirma(sandbox.api_key, base_url=sandbox.url, overrides=overrides) as client:
            return await client.bulk.submit([wire_invoice(number) for number in order], journal=journal)

    reports = await asyncio.gather(submit(numbers), submit(reversed(numbers)), submit(numbers))
    assert [(report.accepted, report.complete) for report in reports] == [(100, True)] * 3
    assert sum(report.accepted - report.resumed for report in reports) == 100
    assert exactly_once(sandbox, 100)


async def test_a_job_goes_on_with_what_another_leaves(sandbox, confirma, overrides, journal, wire_invoice):
    begun, stop = asyncio.Event(), asyncio.Event()

    async def slow():
        for number in (1, 2, 3):
            yield wire_invoice(number)
        begun.set()
        await stop.wait()

    async with Confirma(
        sandbox.api_key, base_url=sandbox.url, overrides=overrides, rate_limit=RateLimit(per_second=0.5)
    ) as client:
        first = asyncio.create_task(client.bulk.submit(slow(), journal=journal, stop=stop))
        await begun.wait()
        second = asyncio.create_task(
            confirma.bulk.submit([wire_invoice(number) for number in (1, 2, 3)], journal=journal)
        )
        stop.set()
        assert (await first).interrupted
    assert (await second).accepted == 3
    assert exactly_once(sandbox, 3)


async def test_a_job_is_not_complete_where_another_has_taken_up_what_it_told_as_unknown(
    sandbox, confirma, overrides, journal, wire_invoice
):
    """The journal counts it for the other one then."""
    sandbox.faults.add(kind=Fault.RESET_BEFORE_COMMIT, operation=CREATE)
    reported, go_on = asyncio.Event(), asyncio.Event()

    async def one():
        yield wire_invoice(1)
        await go_on.wait()

    stream = confirma.bulk.stream(one(), journal=journal, settle_seconds=0)

    async def follow():
        async for _ in stream:
            reported.set()

    first = asyncio.create_task(follow())
    await reported.wait()
    async with Confirma(sandbox.api_key, base_url=sandbox.url, overrides=overrides) as client:
        second = asyncio.create_task(
            client.bulk.submit([wire_invoice(1)], journal=journal, settle_seconds=60)
        )
        while run_of(journal) != 2:  # noqa: ASYNC110 (another connection says it)
            await asyncio.sleep(0.01)
        go_on.set()
        await first
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
    assert (stream.report.unknown, stream.report.complete) == (1, False)


def run_of(path):
    """The run that took up the one invoice of a journal."""
    with reading(path) as journal:
        return next(journal.rows()).run


async def test_the_same_invoice_twice_in_a_job_is_refused_while_another_job_has_it(
    sandbox, confirma, journal, wire_invoice, monkeypatch
):
    monkeypatch.setattr("confirma_async.bulk.job.feeder.ELSEWHERE_PAUSE", 0.01)
    entry = prepare(wire_invoice(1), 1, confirma.converter, Checks())
    assert isinstance(entry, Entry)
    other = open_sqlite(journal)
    with other.transaction():
        other.admit([entry], other.runs.begin(JobName(sandbox.url), now=1.0))
    stream = confirma.bulk.stream([wire_invoice(1), wire_invoice(1)], journal=journal)
    verdicts = []
    async for outcome in stream:
        verdicts.append(outcome.verdict)
        other.close()
    assert verdicts == [Verdict.REFUSED, Verdict.ACCEPTED]
    report = stream.report
    assert "stands twice" in (report.issues[0].detail or "")
    assert exactly_once(sandbox, 1)


async def test_what_another_job_never_lets_go_of_is_told_as_unknown(
    sandbox, confirma, overrides, journal, wire_invoice, monkeypatch
):
    """It is neither sent nor forgotten."""
    monkeypatch.setattr("confirma_async.bulk.job.feeder.ELSEWHERE_PAUSE", 0.01)
    entry = prepare(wire_invoice(1), 1, confirma.converter, Checks())
    assert isinstance(entry, Entry)
    with contextlib.closing(open_sqlite(journal)) as other:
        with other.transaction():
            number = other.runs.begin(JobName(sandbox.url), now=1.0)
            other.admit([entry], number)
        async with Confirma(
            sandbox.api_key, base_url=sandbox.url, overrides=overrides, timeout=0.2
        ) as client:
            report = await client.bulk.submit([wire_invoice(1)], journal=journal, settle_seconds=0)
    assert (report.unknown, report.complete) == (1, False)
    assert "another job" in (report.issues[0].detail or "")
    assert held(sandbox) == Counter()


async def test_the_rate_limit_holds_for_a_job(sandbox, overrides, journal, wire_invoice):
    loop = asyncio.get_running_loop()
    limit = RateLimit(per_second=50)
    async with Confirma(
        sandbox.api_key, base_url=sandbox.url, rate_limit=limit, overrides=overrides
    ) as client:
        started = loop.time()
        await client.bulk.submit([wire_invoice(n) for n in range(1, 26)], journal=journal)
    assert loop.time() - started >= 24 / 50


async def test_the_journal_holds_no_payload(confirma, journal, wire_invoice):
    await confirma.bulk.submit([wire_invoice(1, seller={"name": "UNMISTAKABLE"})], journal=journal)
    for file in journal.parent.iterdir():
        assert b"UNMISTAKABLE" not in file.read_bytes()


# --- what a review found --------------------------------------------------------------------------


async def test_an_attempt_that_was_not_sent_does_not_forget_the_one_before_it(journal, wire_invoice):
    """The first attempt may still arrive, though the second one surely did not."""

    class Service:
        posts = 0

        async def send(self, request):
            if request.method == "GET":
                return Response(200, {}, ABSENT)
            self.posts += 1
            if self.posts == 1:
                raise TransportError("reset", phase=Phase.NO_REPLY)
            raise TransportError("refused", phase=Phase.NOT_SENT)

        async def close(self):
            pass

    service = Service()
    async with Confirma("k", transport=service, retry=RetryPolicy(attempts=1)) as client:
        report = await client.bulk.submit(
            [wire_invoice(1)], journal=journal, settle_seconds=0, on_unknown="resend"
        )
        assert (report.unknown, report.pending) == (1, 0)
        held = await client.bulk.submit(
            [wire_invoice(1)], journal=journal, settle_seconds=0, on_unknown="hold"
        )
    assert held.unknown == 1
    assert service.posts == 2


async def test_a_clock_that_is_set_forward_does_not_shorten_the_settle_time(
    sandbox, confirma, journal, wire_invoice, monkeypatch
):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=1)
    sandbox.faults.add(Fault.LATE_LISTING, operation=CREATE, times=1, seconds=0.4)
    real = time.time
    monkeypatch.setattr("confirma_async.bulk.job.time.time", lambda: real() + 3600 * sandbox.requests[LOOKUP])
    report = await confirma.bulk.submit([wire_invoice(1)], journal=journal, settle_seconds=1.0)
    assert report.accepted == 1
    assert sandbox.requests[CREATE] == 1


async def test_a_clock_that_was_set_back_does_not_lengthen_the_settle_time(
    sandbox, confirma, journal, wire_invoice
):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=1)
    await confirma.bulk.submit([wire_invoice(1)], journal=journal, settle_seconds=0, on_unknown="hold")
    with contextlib.closing(sqlite3.connect(journal)) as connection, connection:
        connection.execute("UPDATE item SET attempted_at = attempted_at + 3600")
    async with asyncio.timeout(5):
        report = await confirma.bulk.submit(
            [wire_invoice(1)], journal=journal, settle_seconds=0.2, on_unknown="resend"
        )
    assert report.accepted == 1


async def test_a_source_that_fails_lets_what_is_under_way_come_to_its_end(
    sandbox, confirma, journal, wire_invoice
):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.1)

    def source():
        for number in range(1, 65):
            yield wire_invoice(number)
        raise OSError("the input went away")

    stream = confirma.bulk.stream(source(), journal=journal)
    with pytest.raises(OSError, match="went away"):
        async for _ in stream:
            pass
    assert not stream.report.complete
    with reading(journal) as kept:
        assert not list(kept.rows(State.SENDING, State.UNKNOWN))


async def test_breaking_off_lets_what_is_under_way_come_to_its_end(sandbox, confirma, journal, wire_invoice):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.05)
    stream = confirma.bulk.stream((wire_invoice(n) for n in range(1, 1001)), journal=journal)
    async with contextlib.aclosing(aiter(stream)) as outcomes:
        async for _ in outcomes:
            break
    assert not stream.report.complete
    with reading(journal) as kept:
        assert not list(kept.rows(State.SENDING, State.UNKNOWN))


async def test_a_source_that_is_cancelled_does_not_hang_the_job(confirma, journal, wire_invoice):
    async def source():
        yield wire_invoice(1)
        raise asyncio.CancelledError

    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await confirma.bulk.submit(source(), journal=journal)


async def test_a_stream_is_iterated_once(confirma, journal, wire_invoice):
    stream = confirma.bulk.stream([wire_invoice(1)], journal=journal)
    assert [outcome async for outcome in stream]
    with pytest.raises(ConfigurationError, match="once"):
        async for _ in stream:
            pass


async def test_stopping_after_the_end_changes_nothing(confirma, journal, wire_invoice):
    stop = asyncio.Event()
    stream = confirma.bulk.stream([wire_invoice(1)], journal=journal, stop=stop)
    async for _ in stream:
        stop.set()
    assert stream.report.complete


async def test_a_seller_that_is_spelled_otherwise_is_still_the_same(sandbox, confirma, journal, wire_invoice):
    await confirma.bulk.submit([wire_invoice(1)], journal=journal)
    respelled = wire_invoice(1, seller={"businessId": None, "vatCode": "FI07375462"})
    report = await confirma.bulk.submit([respelled], journal=journal)
    assert (report.refused, sandbox.requests[CREATE]) == (1, 1)


async def test_a_seller_that_is_not_named_any_more_is_not_another_one(
    sandbox, confirma, journal, wire_invoice
):
    await confirma.bulk.submit([wire_invoice(1)], journal=journal)
    report = await confirma.bulk.submit([wire_invoice(1, seller={"businessId": None})], journal=journal)
    assert (report.refused, sandbox.requests[CREATE]) == (1, 1)
    assert report.issues[0].problems[0].rule == "job.changed"


async def test_a_blip_that_takes_every_call_under_way_does_not_pause_the_job(
    sandbox, overrides, journal, wire_invoice
):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=32)
    async with Confirma(
        sandbox.api_key,
        base_url=sandbox.url,
        rate_limit=RateLimit(concurrency=32),
        overrides=overrides,
    ) as client:
        report = await client.bulk.submit((wire_invoice(n) for n in range(1, 101)), journal=journal)
    assert (report.paused, report.accepted) == (None, 100)
    assert exactly_once(sandbox, 100)


# --- control --------------------------------------------------------------------------------------


async def test_a_wave_of_rejections_of_one_cause_pauses_the_job(journal, wire_invoice):
    service = Refusing()
    async with Confirma("k", transport=service) as client:
        report = await client.bulk.submit(
            (wire_invoice(n) for n in range(1, 500)), journal=journal, max_consecutive_rejections=10
        )
    assert "10 invoices in a row for the same reason (no agreement)" in str(report.paused)
    assert 10 <= service.posts < 60


async def test_at_its_time_the_job_pauses_and_the_next_run_goes_on(sandbox, confirma, journal, wire_invoice):
    until = datetime.datetime.now().astimezone()
    invoices = [wire_invoice(n) for n in range(1, 11)]
    report = await confirma.bulk.submit(invoices, journal=journal, until=until)
    assert f"it is {until:%H:%M}" in str(report.paused)
    assert (report.interrupted, report.accepted, report.unknown) == (False, 0, 0)
    assert not sandbox.requests
    later = until + datetime.timedelta(hours=1)
    report = await confirma.bulk.submit(invoices, journal=journal, until=later)
    assert (report.complete, report.accepted) == (True, 10)


class Refusing:
    """A service that rejects what it gets until it is told otherwise."""

    def __init__(self):
        self.posts = 0
        self.rejects = True

    async def send(self, request):
        self.posts += request.method == "POST"
        return Response(422, {}, b'{"message": "no agreement"}') if self.rejects else Response(200, {}, TAKEN)

    async def close(self):
        pass


@pytest.mark.parametrize(
    ("retry", "changed", "accepted", "sent"),
    [
        ("none", False, 0, 0),
        ("none", True, 0, 0),
        ("changed", False, 0, 0),
        ("changed", True, 1, 1),
        ("all", False, 1, 1),
    ],
)
async def test_a_rejected_invoice_is_sent_again_only_when_asked_for(
    journal, wire_invoice, retry, changed, accepted, sent
):
    service = Refusing()
    async with Confirma("k", transport=service) as client:
        await client.bulk.submit([wire_invoice(1)], journal=journal)
        service.posts, service.rejects = 0, False
        invoice = wire_invoice(1, header={"description": "corrected"} if changed else None)
        report = await client.bulk.submit([invoice], journal=journal, retry=retry)
    assert (report.accepted, service.posts) == (accepted, sent)
    with reading(journal) as kept:
        assert len(list(kept.previous_versions())) == sent
