"""Invoices given one at a time, by many tasks, to a sandbox over a real socket: each once, whatever comes."""

import asyncio
import datetime
from pathlib import Path

import pytest
from attrs import evolve

from confirma_async import RateLimit, Verdict
from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.models import Entry
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import (
    AuthenticationError,
    ConfigurationError,
    RequestInvalidError,
    TransportError,
)
from confirma_async.formats import Place
from confirma_async.sandbox import Fault
from confirma_async.validation import Checks
from tests.outbox.conftest import CREATE


def numbers(sandbox):
    return sorted(invoice.number for invoice in sandbox.invoices())


async def test_an_invoice_is_accepted_with_its_receipt(outbox, sandbox, wire_invoice):
    outcome = await outbox.invoices.create(wire_invoice(1), key="order-4711")
    assert (outcome.verdict, outcome.accepted, outcome.resumed) == (Verdict.ACCEPTED, True, False)
    assert (outcome.subject, outcome.key, outcome.next_step) == ("invoice 1", "order-4711", None)
    assert outcome.receipt.invoice_number == 1
    assert numbers(sandbox) == [1]


async def test_an_outbox_is_a_run_of_the_account(confirma, sandbox, wire_invoice):
    async with confirma.outbox() as outbox:
        await outbox.invoices.create(wire_invoice(1))
        place = outbox.journal
    with reading(Path(place)) as kept:
        (run,) = kept.runs.all()
    assert (run.inputs, run.ending) == (("outbox",), "finished")
    report = await confirma.bulk.submit([wire_invoice(1), wire_invoice(2)])
    assert (report.accepted, report.resumed) == (2, 1)
    assert numbers(sandbox) == [1, 2]


async def test_many_tasks_send_each_of_their_invoices_once(outbox, sandbox, wire_invoice):
    outcomes = await asyncio.gather(*(outbox.invoices.create(wire_invoice(n)) for n in range(1, 101)))
    assert all(outcome.accepted for outcome in outcomes)
    assert numbers(sandbox) == list(range(1, 101))


async def test_the_same_invoice_from_several_tasks_is_one_request(outbox, sandbox, wire_invoice):
    outcomes = await asyncio.gather(*(outbox.invoices.create(wire_invoice(1)) for _ in range(5)))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert sandbox.requests[CREATE] == 1


async def test_an_invoice_given_again_is_told_as_known(confirma, outbox, sandbox, journal, wire_invoice):
    await outbox.invoices.create(wire_invoice(1))
    again = await outbox.invoices.create(wire_invoice(1))
    await outbox.aclose()
    async with confirma.outbox(journal=journal) as later:
        much_later = await later.invoices.create(wire_invoice(1))
    assert [(o.verdict, o.resumed, o.receipt) for o in (again, much_later)] == [
        (Verdict.ACCEPTED, True, None)
    ] * 2
    assert sandbox.requests[CREATE] == 1


async def test_other_contents_are_refused_before_anything_is_sent(outbox, sandbox, wire_invoice):
    await outbox.invoices.create(wire_invoice(1), key="order-1")
    other = wire_invoice(1, rows=[{"description": "Other work", "netAmount": 100}])
    with pytest.raises(RequestInvalidError) as refused:
        await outbox.invoices.create(other, key="order-2")
    (problem,) = refused.value.problems
    assert problem.rule == "outbox.changed"
    assert "order-1" in problem.message
    assert "order-2" in problem.message
    assert "credit note" in problem.message
    assert sandbox.requests[CREATE] == 1


async def test_other_contents_of_one_under_way_are_refused(outbox, sandbox, wire_invoice, seen):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, seconds=0.3)
    first = asyncio.create_task(outbox.invoices.create(wire_invoice(1)))
    await seen()
    other = wire_invoice(1, rows=[{"description": "Other work", "netAmount": 100}])
    with pytest.raises(RequestInvalidError, match="under way"):
        await outbox.invoices.create(other)
    assert (await first).accepted


async def test_an_invoice_that_breaks_a_rule_is_refused(outbox, sandbox, wire_invoice):
    with pytest.raises(RequestInvalidError, match="invoice 1 was not sent"):
        await outbox.invoices.create(wire_invoice(1, header={"currencyCode": "EURO"}))
    assert not sandbox.requests[CREATE]


# --- rejected -----------------------------------------------------------------------------------------


async def test_a_rejection_is_told_and_sent_again_only_when_asked_for(outbox, sandbox, wire_invoice):
    sandbox.faults.add(Fault.REFUSAL, operation=CREATE, status=422)
    rejected = await outbox.invoices.create(wire_invoice(1))
    assert (rejected.verdict, "retry='changed'" in rejected.next_step) == (Verdict.REJECTED, True)
    known = await outbox.invoices.create(wire_invoice(1))
    assert (known.verdict, known.resumed) == (Verdict.REJECTED, True)
    corrected = wire_invoice(1, rows=[{"description": "Better work", "netAmount": 100}])
    with pytest.raises(RequestInvalidError, match="retry='changed'"):
        await outbox.invoices.create(corrected)
    assert (await outbox.invoices.create(corrected, retry="changed")).accepted
    assert numbers(sandbox) == [1]


async def test_a_wave_of_rejections_stops_nobody(outbox, sandbox, wire_invoice):
    sandbox.faults.add(Fault.REFUSAL, operation=CREATE, status=402, times=60)
    outcomes = await asyncio.gather(*(outbox.invoices.create(wire_invoice(n)) for n in range(1, 61)))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.REJECTED}
    assert (await outbox.invoices.create(wire_invoice(99))).accepted


# --- unknown ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER_COMMIT, Fault.TRUNCATED_BODY])
async def test_a_lost_answer_is_told_at_once_and_found_out_later(outbox, sandbox, wire_invoice, fault):
    sandbox.faults.add(fault, operation=CREATE)
    lost = await outbox.invoices.create(wire_invoice(1))
    assert lost.verdict is Verdict.UNKNOWN
    assert "journal.resolve()" in lost.next_step
    await outbox.look_up()
    again = await outbox.invoices.create(wire_invoice(1))
    assert (again.verdict, again.resumed) == (Verdict.ACCEPTED, True)
    assert sandbox.requests[CREATE] == 1


async def test_one_that_is_looked_for_is_not_sent_again_when_it_is_given_again(outbox, sandbox, wire_invoice):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE)
    sandbox.faults.add(Fault.SERVER_ERROR, operation="invoices.distributions", times=None, status=500)
    lost = await outbox.invoices.create(wire_invoice(1))
    again = await outbox.invoices.create(wire_invoice(1))
    assert [lost.verdict, again.verdict, again.resumed] == [Verdict.UNKNOWN, Verdict.UNKNOWN, True]
    assert sandbox.requests[CREATE] == 1


async def test_without_a_witness_it_stays_unknown(outbox, sandbox, wire_invoice):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE)
    await outbox.invoices.create(wire_invoice(1))
    (standing,) = await outbox.look_up()
    assert standing.verdict is Verdict.UNKNOWN
    assert sandbox.requests[CREATE] == 1


async def test_one_that_is_shown_to_be_absent_is_sent_again(outbox, sandbox, wire_invoice):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE)
    await outbox.invoices.create(wire_invoice(1))
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.UNKNOWN]
    await outbox.invoices.create(wire_invoice(2))  # the witness
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.ACCEPTED]
    assert (await outbox.invoices.create(wire_invoice(1))).resumed
    assert numbers(sandbox) == [1, 2]


# --- not sent -----------------------------------------------------------------------------------------


async def test_what_cannot_be_sent_is_wanted_until_it_is_given_again(client, sandbox, journal, wire_invoice):
    nowhere = client(base_url="http://127.0.0.1:9")
    async with nowhere, nowhere.outbox(journal=journal, target=sandbox.url) as outbox:
        outcome = await outbox.invoices.create(wire_invoice(1), key="order-1")
        (wanted,) = await outbox.wanted()
    assert (outcome.verdict, type(outcome.error)) == (Verdict.NOT_SENT, TransportError)
    assert (wanted.key, wanted.source) == ("1", "outbox (order-1)")
    assert wanted.why == outcome.detail
    async with client() as confirma, confirma.outbox(journal=journal, target=sandbox.url) as outbox:
        assert (await outbox.invoices.create(wire_invoice(1))).accepted
        assert not await outbox.wanted()


async def test_while_the_service_is_gone_each_call_says_so(client, sandbox, journal, wire_invoice):
    confirma = client(base_url="http://127.0.0.1:9")
    async with confirma, confirma.outbox(journal=journal, target=sandbox.url) as outbox, asyncio.timeout(20):
        for _ in range(3):
            outcome = await outbox.invoices.create(wire_invoice(1))
            assert (outcome.verdict, type(outcome.error)) == (Verdict.NOT_SENT, TransportError)
    async with client() as confirma, confirma.outbox(journal=journal) as outbox:
        assert (await outbox.invoices.create(wire_invoice(1))).accepted
    assert sandbox.requests[CREATE] == 1


async def test_a_refused_key_is_not_tried_for_every_write(client, sandbox, journal, wire_invoice):
    async with client("no-such-key") as confirma, confirma.outbox(journal=journal) as outbox:
        first = await outbox.invoices.create(wire_invoice(1))
        others = [await outbox.invoices.create(wire_invoice(n)) for n in range(2, 12)]
    assert {one.verdict for one in (first, *others)} == {Verdict.NOT_SENT}
    assert {type(one.error) for one in (first, *others)} == {AuthenticationError}
    assert sandbox.requests[CREATE] == 1


async def test_after_a_spent_quota_the_next_call_is_sent(client, sandbox, journal, wire_invoice):
    async with client() as confirma, confirma.outbox(journal=journal) as outbox:
        sandbox.faults.add(Fault.TOO_MANY_REQUESTS, operation=CREATE, times=2)
        first = await outbox.invoices.create(wire_invoice(1))
        again = await outbox.invoices.create(wire_invoice(1))
    assert [first.verdict, again.verdict] == [Verdict.NOT_SENT, Verdict.ACCEPTED]


# --- cancelled, closed, crashed -----------------------------------------------------------------------


async def test_a_caller_that_is_cancelled_breaks_nothing_off(outbox, sandbox, wire_invoice, seen):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, seconds=0.2)
    caller = asyncio.create_task(outbox.invoices.create(wire_invoice(1)))
    await seen()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert (await outbox.invoices.create(wire_invoice(1))).accepted
    assert sandbox.requests[CREATE] == 1


async def test_closing_ends_what_is_under_way_and_puts_back_the_rest(
    client, sandbox, journal, wire_invoice, seen, caplog
):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, seconds=0.3)
    async with client(rate_limit=RateLimit(concurrency=1)) as confirma:
        async with confirma.outbox(journal=journal) as outbox:
            waiting = [asyncio.create_task(outbox.invoices.create(wire_invoice(n))) for n in (1, 2, 3)]
            await seen()
        outcomes = [await one for one in waiting]
        assert [one.verdict for one in outcomes] == [Verdict.ACCEPTED, Verdict.NOT_SENT, Verdict.NOT_SENT]
        assert "2 writes not sent and 0 of unknown outcome" in caplog.text
        async with confirma.outbox(journal=journal) as outbox:
            assert [one.key for one in await outbox.wanted()] == ["2", "3"]
    with reading(journal) as kept:
        assert [run.ending for run in kept.runs.all()] == ["finished", "not finished: 0 unknown, 2 pending"]


@pytest.mark.parametrize("opened", [False, True])
async def test_an_outbox_that_is_not_open_says_so(confirma, sandbox, journal, wire_invoice, opened):
    outbox = confirma.outbox(journal=journal)
    if opened:
        async with outbox:
            pass
    with pytest.raises(ConfigurationError, match="closed" if opened else "not open"):
        await outbox.invoices.create(wire_invoice(1))
    assert not sandbox.requests[CREATE]


@pytest.mark.parametrize(
    ("option", "said"), [({"settle_seconds": -1}, "settle_seconds"), ({"on_unknown": "x"}, "hold or resend")]
)
async def test_what_cannot_be_meant_is_refused(confirma, option, said):
    with pytest.raises(ConfigurationError, match=said):
        confirma.outbox(**option)


async def test_a_retry_that_is_none_is_refused(outbox, sandbox, wire_invoice):
    with pytest.raises(ConfigurationError, match="none, changed, all"):
        await outbox.invoices.create(wire_invoice(1), retry="often")
    assert not sandbox.requests[CREATE]


async def test_closing_the_client_first_loses_nothing(client, sandbox, journal, wire_invoice, seen):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, seconds=0.5)
    confirma = client()
    async with confirma.outbox(journal=journal) as outbox:
        under_way = asyncio.create_task(outbox.invoices.create(wire_invoice(1)))
        await seen()
        await confirma.aclose()
        assert (await under_way).verdict is Verdict.UNKNOWN
        with pytest.raises(ConfigurationError, match="closed"):
            await outbox.invoices.create(wire_invoice(2))
    async with client() as another, another.outbox(journal=journal) as outbox:
        assert [one.key for one in await outbox.wanted()] == ["2"]


async def test_leaving_the_block_of_a_view_first_loses_nothing(confirma, journal, wire_invoice):
    with confirma.as_client("another-key") as view:
        outbox = view.outbox(journal=journal)
        await outbox.__aenter__()
    with pytest.raises(ConfigurationError, match="as_client"):
        await outbox.invoices.create(wire_invoice(1))
    await outbox.aclose()
    with reading(journal) as kept:
        assert [run.ending for run in kept.runs.all()] == ["not finished: 0 unknown, 1 pending"]


async def test_an_outbox_is_opened_once(confirma, outbox):
    with pytest.raises(ConfigurationError, match="make a new one"):
        async with outbox:
            pass


async def test_no_call_may_take_longer_than_the_journal_knows(outbox, wire_invoice):
    with pytest.raises(ConfigurationError, match="at most 10"):
        await outbox.invoices.create(wire_invoice(1), timeout=11)


@pytest.fixture
def crashed(confirma, sandbox, journal, wire_invoice):
    """Leaves invoices as a process does that dies while it sends them; returns nothing."""

    async def crash(*numbers):
        converter = confirma.converter
        entries = []
        for number in numbers:
            entry = prepare(wire_invoice(number), 1, converter, Checks())
            assert isinstance(entry, Entry)
            entries.append(evolve(entry, place=Place(f"outbox (order-{number})")))
        dead = open_sqlite(journal)
        with dead.transaction():
            run = dead.runs.begin(JobName(sandbox.url), now=0.0)
            admitted = dead.admit(entries, run)
            dead.sending([one.position for one in admitted], 0.0, 1.0)
        dead.close()

    return crash


async def test_what_a_crash_left_is_found_out_without_its_contents(
    confirma, sandbox, journal, wire_invoice, crashed
):
    await crashed(1)
    await confirma.invoices.create(wire_invoice(1))  # it had arrived
    async with confirma.outbox(journal=journal, settle_seconds=0) as outbox:
        await outbox.look_up()
        known = await outbox.invoices.create(wire_invoice(1))
    assert (known.verdict, known.resumed) == (Verdict.ACCEPTED, True)
    assert sandbox.requests[CREATE] == 1


async def test_what_a_crash_left_and_is_absent_is_wanted_again(
    confirma, sandbox, journal, wire_invoice, crashed
):
    await crashed(1)
    async with confirma.outbox(journal=journal, settle_seconds=0.1) as outbox:
        await outbox.look_up()
        await outbox.invoices.create(wire_invoice(2))
        await outbox.look_up()
        (wanted,) = await outbox.wanted()
        assert (wanted.key, wanted.source) == ("1", "outbox (order-1)")
        assert numbers(sandbox) == [2]
        assert (await outbox.invoices.create(wire_invoice(1))).accepted
    assert numbers(sandbox) == [1, 2]


async def test_one_of_unknown_outcome_may_be_given_again_and_is_not_sent_twice(
    confirma, sandbox, journal, wire_invoice, crashed
):
    await crashed(1)
    await confirma.invoices.create(wire_invoice(1))
    async with confirma.outbox(journal=journal, settle_seconds=0) as outbox:
        given = await outbox.invoices.create(wire_invoice(1))
        await outbox.look_up()
        known = await outbox.invoices.create(wire_invoice(1))
    assert given.verdict in {Verdict.UNKNOWN, Verdict.ACCEPTED}
    assert known.verdict is Verdict.ACCEPTED
    assert sandbox.requests[CREATE] == 1


async def test_a_reminder_of_another_day_is_another_one(outbox, sandbox, wire_invoice):
    for day in (1, 2):
        header = {"type": "REMINDER", "date": datetime.date(2026, 11, day).isoformat()}
        outcome = await outbox.invoices.create(wire_invoice(1, header=header))
        assert outcome.accepted
    assert sandbox.requests[CREATE] == 2
