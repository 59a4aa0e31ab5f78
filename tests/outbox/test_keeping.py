"""Payloads that the journal keeps, so that an outbox sends by itself what an earlier one had to leave."""

import asyncio

import pytest

from confirma_async import Verdict
from confirma_async.bulk.journal.stored.payloads import StoredPayloads
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import JournalError
from confirma_async.outbox import opened as opened_module
from confirma_async.sandbox import Fault
from tests.outbox.conftest import CREATE
from tests.outbox.test_writes import LEDGER, ledger

NOWHERE = "http://127.0.0.1:9"


def numbers(sandbox):
    return sorted(invoice.number for invoice in sandbox.invoices())


@pytest.fixture
async def left(client, sandbox, journal, wire_invoice):
    """An invoice and a ledger that an outbox could not send, and kept."""
    confirma = client(base_url=NOWHERE)
    async with confirma, confirma.outbox(journal=journal, target=sandbox.url, keep_payloads=True) as outbox:
        for outcome in (
            await outbox.invoices.create(wire_invoice(1), key="order-1"),
            await outbox.accounting.submit_ledger(ledger()),
        ):
            assert outcome.verdict is Verdict.NOT_SENT


async def wait_until_sent(sandbox, operation):
    async with asyncio.timeout(20):
        while not sandbox.requests[operation]:  # noqa: ASYNC110 (the sandbox tells nobody)
            await asyncio.sleep(0.01)


async def test_what_was_kept_is_sent_by_the_next_outbox_itself(left, confirma, sandbox, journal):
    async with confirma.outbox(journal=journal, keep_payloads=True, settle_seconds=0) as outbox:
        await wait_until_sent(sandbox, CREATE)
        await wait_until_sent(sandbox, LEDGER)
        await outbox.look_up()
    assert numbers(sandbox) == [1]
    assert (sandbox.requests[CREATE], sandbox.requests[LEDGER]) == (1, 1)
    with reading(journal) as kept:
        (write,) = kept.writes.rows()
        assert (kept.payloads.of(1), kept.payloads.of_write(write.id)) == (None, None)


async def test_an_outbox_that_keeps_nothing_leaves_it_to_whoever_gives_it_again(
    left, confirma, sandbox, journal, wire_invoice
):
    async with confirma.outbox(journal=journal) as outbox:
        assert {one.key for one in await outbox.wanted()} == {"1", "2026-11"}
        assert (await outbox.invoices.create(wire_invoice(1))).accepted
    assert sandbox.requests[CREATE] == 1


async def test_what_was_corrected_since_is_not_sent_as_it_was_kept(
    left, client, confirma, sandbox, journal, wire_invoice
):
    other = client(base_url=NOWHERE)
    async with other, other.outbox(journal=journal, target=sandbox.url) as outbox:
        await outbox.invoices.create(wire_invoice(1, header={"dueDate": "2026-11-30"}))
        await outbox.accounting.submit_ledger(ledger(text="Better"))
    async with confirma.outbox(journal=journal, keep_payloads=True, settle_seconds=0) as outbox:
        await outbox.look_up()
        assert {one.key for one in await outbox.wanted()} == {"1", "2026-11"}
    assert (sandbox.requests[CREATE], sandbox.requests[LEDGER]) == (0, 0)


async def test_nothing_is_kept_unasked(client, sandbox, journal, wire_invoice):
    confirma = client(base_url=NOWHERE)
    async with confirma, confirma.outbox(journal=journal, target=sandbox.url) as outbox:
        await outbox.invoices.create(wire_invoice(1))
    with reading(journal) as kept:
        assert kept.payloads.of(1) is None
    assert b"Buyer Oy" not in journal.read_bytes()


async def test_what_a_dead_outbox_left_unknown_is_sent_again_once_it_is_shown_to_be_absent(
    confirma, sandbox, journal, wire_invoice
):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE)
    options = {"journal": journal, "keep_payloads": True, "settle_seconds": 0.2}
    async with confirma.outbox(**options) as outbox:
        assert (await outbox.invoices.create(wire_invoice(1))).verdict is Verdict.UNKNOWN
        await outbox.look_up()
    async with confirma.outbox(**options) as outbox:
        await outbox.invoices.create(wire_invoice(2))  # the witness
        await outbox.look_up()
        await outbox.look_up()
    assert numbers(sandbox) == [1, 2]


def is_kept(journal):
    with reading(journal) as kept:
        return kept.payloads.of(1) is not None


async def test_what_is_final_is_removed_though_the_journal_failed_before(
    confirma, journal, wire_invoice, monkeypatch
):
    monkeypatch.setattr(opened_module, "FORGOTTEN_AFTER", 0.02)
    forget = StoredPayloads.forget_final
    failed: list[bool] = []

    def fail_once(payloads):
        if not failed:
            failed.append(True)
            raise JournalError("the disk is full")
        return forget(payloads)

    async with confirma.outbox(journal=journal, keep_payloads=True) as outbox:
        monkeypatch.setattr(StoredPayloads, "forget_final", fail_once)
        await outbox.invoices.create(wire_invoice(1))
        async with asyncio.timeout(10):
            while not failed or is_kept(journal):  # noqa: ASYNC110 (nobody is told)
                await asyncio.sleep(0.02)


async def test_only_the_user_who_runs_it_may_read_what_is_kept(left, journal):
    assert journal.stat().st_mode & 0o077 == 0
