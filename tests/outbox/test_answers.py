"""What becomes of an answer where its caller, or the journal, is not there to take it."""

import asyncio
import gc
import logging
import sqlite3
import weakref

import pytest
from attrs import evolve

from confirma_async import Verdict
from confirma_async.bulk.journal.stored.writes import StoredWrites
from confirma_async.bulk.sqlite.journal import SqliteJournal
from confirma_async.errors import JournalError, RequestInvalidError
from confirma_async.sandbox import Fault
from tests.outbox.conftest import CREATE
from tests.outbox.test_writes import CLIENT, LEDGER, REQUEST, ledger


@pytest.fixture
async def partner(client, sandbox, journal):
    """An outbox with the partner's provisioning token."""
    confirma = client(provisioning_token=sandbox.provisioning_token)
    async with confirma, confirma.outbox(journal=journal, settle_seconds=0.2) as outbox:
        yield outbox


@pytest.fixture
def full_disk(monkeypatch):
    """Has one outcome not be written for want of room."""

    def fail_once(kind):
        write, fails = kind.decide, iter([True])

        def decide(*arguments):
            if next(fails, False):
                raise sqlite3.OperationalError("database or disk is full")
            return write(*arguments)

        monkeypatch.setattr(kind, "decide", decide)

    return fail_once


async def given_up(outbox, sandbox, seen):
    """Onboard a client for a caller that does not wait for the answer."""
    sandbox.faults.add(Fault.LATENCY, operation=CLIENT, seconds=0.2)
    giving = asyncio.create_task(outbox.onboarding.create_client(REQUEST))
    await seen(CLIENT)
    giving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await giving


async def test_the_key_of_a_new_client_waits_for_whoever_gives_it_again(partner, sandbox, seen):
    await given_up(partner, sandbox, seen)
    again = await partner.onboarding.create_client(REQUEST)
    assert again.receipt.api_access_token
    await asyncio.sleep(0)
    known = await partner.onboarding.create_client(REQUEST)
    assert (known.verdict, known.receipt) == (Verdict.ACCEPTED, None)
    assert sandbox.requests[CLIENT] == 1


async def test_the_key_of_a_new_client_outlasts_another_write_of_the_same_name(partner, sandbox, seen):
    sandbox.faults.add(Fault.LATENCY, operation=LEDGER, seconds=0.5)  # it is answered after the client
    await given_up(partner, sandbox, seen)
    await partner.accounting.submit_ledger(ledger(), key="2077474-0")
    again = await partner.onboarding.create_client(REQUEST)
    assert again.receipt.api_access_token


async def test_a_key_that_nobody_takes_is_told_of_as_lost(client, sandbox, journal, seen, caplog):
    caplog.set_level(logging.ERROR, "confirma_async")
    confirma = client(provisioning_token=sandbox.provisioning_token)
    async with confirma, confirma.outbox(journal=journal) as outbox:
        await given_up(outbox, sandbox, seen)
    assert "2077474-0, and no caller has taken the answer" in caplog.text


async def test_the_key_of_a_new_client_is_told_though_the_journal_cannot_be_written(
    partner, sandbox, full_disk
):
    full_disk(StoredWrites)
    message = await partner.onboarding.create_client(REQUEST)
    assert (message.verdict, "disk is full" in message.detail) == (Verdict.UNKNOWN, True)
    assert message.receipt.api_access_token
    await partner.look_up()
    assert (await partner.onboarding.create_client(REQUEST)).verdict is Verdict.UNKNOWN
    assert sandbox.requests[CLIENT] == 1


@pytest.mark.parametrize("key", [None, "mine"])
async def test_a_company_is_onboarded_once_however_it_is_spelled(partner, sandbox, key):
    await partner.onboarding.create_client(REQUEST)
    other = evolve(REQUEST, client=evolve(REQUEST.client, business_code="FI20774740"))
    with pytest.raises(RequestInvalidError, match="one of whose identifiers stands in the write"):
        await partner.onboarding.create_client(other, key=key, validate=False)
    assert sandbox.requests[CLIENT] == 1


async def test_a_write_whose_outcome_could_not_be_written_is_looked_for(outbox, sandbox, full_disk):
    full_disk(StoredWrites)
    message = await outbox.accounting.submit_ledger(ledger())
    assert message.verdict is Verdict.UNKNOWN
    await outbox.look_up()
    assert (await outbox.accounting.submit_ledger(ledger())).accepted
    assert sandbox.requests[LEDGER] == 1


async def test_after_an_invoice_whose_outcome_could_not_be_written_nothing_is_sent(
    confirma, sandbox, journal, wire_invoice, full_disk
):
    full_disk(SqliteJournal)
    async with confirma.outbox(journal=journal) as outbox:
        for number in (1, 2):
            with pytest.raises(JournalError, match="disk is full"):
                await outbox.invoices.create(wire_invoice(number))
    assert sandbox.requests[CREATE] == 1
    async with confirma.outbox(journal=journal, settle_seconds=0) as outbox:
        await outbox.look_up()
        for number in (1, 2):
            assert (await outbox.invoices.create(wire_invoice(number))).accepted
    assert sandbox.requests[CREATE] == 2


async def test_a_stream_that_nobody_holds_any_more_is_let_go_of(outbox):
    stream = weakref.ref(outbox.events())
    gc.collect()
    assert stream() is None
