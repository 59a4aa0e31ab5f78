"""Several outboxes and jobs of one account, as those of several processes are, on one journal."""

import asyncio
import fcntl

import pytest

from confirma_async import Verdict
from confirma_async.bulk.sqlite.file import locks
from confirma_async.errors import JournalError, JournalGoneError
from confirma_async.sandbox import Fault
from tests.outbox.conftest import CREATE
from tests.outbox.test_writes import LEDGER, ledger


@pytest.fixture(params=["file", "database"])
def shared(request, journal):
    """A journal in each of its forms."""
    return journal if request.param == "file" else request.getfixturevalue("postgres")


@pytest.fixture
async def outboxes(client, shared):
    """Two outboxes of two clients on one journal."""
    async with client() as one, client() as two:
        options = {"settle_seconds": 0.2}
        async with one.outbox(shared, **options) as first, two.outbox(shared, **options) as second:
            yield first, second


async def test_an_invoice_that_two_outboxes_are_given_is_sent_once(outboxes, sandbox, wire_invoice):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.1)
    given = [outbox.invoices.create(wire_invoice(n)) for n in range(1, 11) for outbox in outboxes]
    outcomes = await asyncio.gather(*given)
    assert {one.verdict for one in outcomes} == {Verdict.ACCEPTED}
    assert sum(one.resumed for one in outcomes) == 10
    assert sandbox.requests[CREATE] == 10


async def test_a_write_that_two_outboxes_are_given_is_sent_once(outboxes, sandbox):
    sandbox.faults.add(Fault.LATENCY, operation=LEDGER, seconds=0.3)
    outcomes = await asyncio.gather(*(outbox.accounting.submit_ledger(ledger()) for outbox in outboxes))
    assert {one.verdict for one in outcomes} <= {Verdict.UNKNOWN, Verdict.ACCEPTED}
    assert sandbox.requests[LEDGER] == 1
    await outboxes[0].look_up()
    known = [await outbox.accounting.submit_ledger(ledger()) for outbox in outboxes]
    assert known[0].verdict is Verdict.ACCEPTED
    assert sandbox.requests[LEDGER] == 1


async def test_whoever_finds_a_write_tells_the_same_of_it(outboxes, sandbox):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=LEDGER)
    sandbox.faults.add(Fault.LATENCY, operation="accounting.ledger_statuses", times=None, seconds=1.0)
    streams = [outbox.events() for outbox in outboxes]
    await outboxes[0].accounting.submit_ledger(ledger())
    await asyncio.gather(*(outbox.look_up() for outbox in outboxes))
    for outbox in outboxes:
        await outbox.aclose()
    message = [[event.verdict async for event in stream] for stream in streams]
    assert message == [[Verdict.UNKNOWN, Verdict.ACCEPTED]] * 2


async def test_a_job_beside_an_outbox_sends_what_is_left(outboxes, client, sandbox, shared, wire_invoice):
    await outboxes[0].invoices.create(wire_invoice(1))
    async with client() as confirma:
        report = await confirma.bulk.submit([wire_invoice(1), wire_invoice(2)], journal=shared)
    assert (report.accepted, report.resumed) == (2, 1)
    assert (await outboxes[1].invoices.create(wire_invoice(2))).resumed
    assert sandbox.requests[CREATE] == 2


async def test_an_outbox_whose_loop_was_closed_holds_nothing_up(client, sandbox, journal, wire_invoice):
    async def leave_open():
        async with client() as confirma:
            outbox = await confirma.outbox(journal=journal).__aenter__()
            assert (await outbox.invoices.create(wire_invoice(1))).verdict is Verdict.UNKNOWN

    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE)
    await asyncio.to_thread(asyncio.run, leave_open())
    async with client() as confirma, confirma.outbox(journal=journal, settle_seconds=0) as outbox:
        await outbox.invoices.create(wire_invoice(1))
        await outbox.look_up()
        assert (await outbox.invoices.create(wire_invoice(1))).accepted
    assert sandbox.requests[CREATE] == 1


async def test_a_journal_held_by_a_version_that_knows_no_owners_is_left_alone(
    client, sandbox, journal, monkeypatch, wire_invoice
):
    monkeypatch.setattr(locks, "LOOK_PATIENCE", 0.05)
    async with client() as confirma:
        async with confirma.outbox(journal=journal) as outbox:
            await outbox.invoices.create(wire_invoice(1))
        with journal.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # as its job did
            with pytest.raises(JournalError, match="earlier version of this SDK") as raised:
                await confirma.outbox(journal=journal).__aenter__()
        assert raised.value.resumable
        async with confirma.outbox(journal=journal) as outbox:
            assert (await outbox.invoices.create(wire_invoice(1))).resumed
    assert sandbox.requests[CREATE] == 1


async def test_a_journal_that_was_moved_is_rescued_once(client, sandbox, journal):
    async with client() as confirma:
        outbox = await confirma.outbox(journal=journal).__aenter__()
        journal.rename(journal.with_name("aside"))
        for number in range(3):
            with pytest.raises(JournalGoneError):
                await outbox.accounting.submit_ledger(ledger(f"L-{number}"))
        with pytest.raises(JournalGoneError):
            await outbox.aclose()
    assert len([*journal.parent.glob("*.rescued-*")]) == 1
    assert not sandbox.requests[LEDGER]


async def test_what_another_run_looks_for_is_not_waited_for_without_end(
    client, sandbox, journal, wire_invoice
):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE)
    one, two = client(), client(timeout=1)
    async with one, two, one.outbox(journal=journal) as first, two.outbox(journal=journal) as second:
        assert (await first.invoices.create(wire_invoice(1))).verdict is Verdict.UNKNOWN
        message = await second.invoices.create(wire_invoice(1))
    assert (message.verdict, message.resumed, "another run" in message.detail) == (
        Verdict.UNKNOWN,
        True,
        True,
    )
    assert sandbox.requests[CREATE] == 1
