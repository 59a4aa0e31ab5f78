"""Jobs of several processes over one journal in PostgreSQL: every invoice exactly once."""

import asyncio
import time
from collections import Counter

import pytest

from confirma_async import Confirma, RateLimit
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.postgres.connection.lease import Lease
from confirma_async.bulk.postgres.journal import open_postgres
from confirma_async.errors import ConfigurationError, JournalError, JournalMismatchError
from confirma_async.sandbox import Fault

CREATE = "invoices.create"


def exactly_once(sandbox, count):
    return Counter(invoice.number for invoice in sandbox.invoices()) == Counter(range(1, count + 1))


@pytest.fixture
def client(sandbox, overrides):
    return lambda **more: Confirma(
        sandbox.api_key, base_url=sandbox.url, overrides=overrides, timeout=10, **more
    )


async def test_jobs_at_once_send_each_invoice_once(sandbox, client, postgres, wire_invoice):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=5)
    numbers = range(1, 101)

    async def submit(order):
        async with client() as confirma:
            return await confirma.bulk.submit(
                [wire_invoice(number) for number in order], journal=postgres, settle_seconds=1
            )

    reports = await asyncio.gather(submit(numbers), submit(reversed(numbers)), submit(numbers))
    assert [(report.accepted, report.complete) for report in reports] == [(100, True)] * 3
    assert exactly_once(sandbox, 100)


async def test_a_job_whose_lease_was_taken_over_sends_nothing_more(sandbox, client, postgres, wire_invoice):
    """As one that was stopped past its lease, and goes on: its invoices are another's by then."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        yield wire_invoice(1)
        begun.set()
        await go_on.wait()
        yield wire_invoice(2)

    async with client() as confirma:
        first = asyncio.create_task(confirma.bulk.submit(slow(), journal=postgres))
        await begun.wait()
        while not sandbox.invoices():  # noqa: ASYNC110 (the service tells nobody)
            await asyncio.sleep(0.01)
        other = open_postgres(postgres)
        with other.transaction():  # in one, so that the first cannot renew its lease in between
            other._session.execute("UPDATE run SET lease_until = clock_timestamp()")
            other.runs.begin(JobName(sandbox.url), now=time.time())
        other.close()
        go_on.set()
        with pytest.raises(JournalError, match="taken over"):
            await first
        assert exactly_once(sandbox, 1)
        report = await confirma.bulk.submit(
            [wire_invoice(1), wire_invoice(2)], journal=postgres, settle_seconds=1
        )
    assert report.complete
    assert exactly_once(sandbox, 2)


async def test_a_job_that_wakes_with_too_little_of_its_lease_left_starts_no_call(
    sandbox, client, postgres, wire_invoice, monkeypatch
):
    monkeypatch.setattr(Lease, "holds_until", property(lambda _: 0.0, lambda *_: None), raising=False)
    async with client() as confirma:
        with pytest.raises(JournalError, match="could not renew its lease"):
            await confirma.bulk.submit([wire_invoice(1)], journal=postgres)
    assert not sandbox.invoices()


async def test_a_journal_of_another_service_is_refused(client, postgres, wire_invoice):
    async with client() as confirma:
        await confirma.bulk.submit([wire_invoice(1)], journal=postgres, target="the other")
        with pytest.raises(JournalMismatchError, match="the other"):
            await confirma.bulk.submit([wire_invoice(1)], journal=postgres)


async def test_another_kind_of_database_is_refused(client, wire_invoice):
    async with client() as confirma:
        with pytest.raises(ConfigurationError, match=r"redis:// is neither"):
            await confirma.bulk.submit([wire_invoice(1)], journal="redis://host/0")


async def test_a_job_that_is_stopped_goes_on_elsewhere(sandbox, client, postgres, wire_invoice):
    stop = asyncio.Event()
    invoices = [wire_invoice(number) for number in range(1, 31)]
    async with client(rate_limit=RateLimit(per_second=20)) as confirma:
        first = asyncio.create_task(confirma.bulk.submit(invoices, journal=postgres, stop=stop))
        while not sandbox.invoices():  # noqa: ASYNC110 (the service tells nobody)
            await asyncio.sleep(0.01)
        stop.set()
        assert (await first).interrupted
    async with client() as confirma:
        report = await confirma.bulk.submit(invoices, journal=postgres)
    assert report.complete
    assert exactly_once(sandbox, 30)
