"""Jobs that are run from a thread: its source, its outcomes, its progress."""

import gc
import sqlite3
import threading
from collections import Counter

import pytest

from confirma_async import bulk as original
from confirma_sync import ConfigurationError, Confirma, JournalError, Report, Verdict, bulk

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


def held(sandbox):
    """What the service holds, by number."""
    return Counter(invoice.number for invoice in sandbox.invoices())


def test_every_invoice_arrives_once_and_run_again_nothing_is_sent(sandbox, confirma, journal, wire_invoice):
    for resumed in (0, 600):
        report = confirma.bulk.submit((wire_invoice(n) for n in range(1, 601)), journal=journal)
        assert (report.accepted, report.resumed, report.complete) == (600, resumed, True)
    assert held(sandbox) == Counter(range(1, 601))
    assert sandbox.requests["invoices.create"] == 600


def test_outcomes_come_one_by_one_or_many_at_a_time(confirma, journal, wire_invoice):
    invoices = [wire_invoice(n) for n in range(1, 31)]
    reported = list(confirma.bulk.stream(invoices, journal=journal))
    assert sorted(outcome.number for outcome in reported) == list(range(1, 31))
    assert {outcome.verdict for outcome in reported} == {Verdict.ACCEPTED}
    batches = confirma.bulk.stream(invoices, journal=journal).batches()
    assert sum(len(batch) for batch in batches) == 30


def test_the_report_grows_with_the_iteration_and_is_complete_at_its_end(confirma, journal, wire_invoice):
    stream = confirma.bulk.stream([wire_invoice(n) for n in range(1, 31)], journal=journal)
    assert not stream.report.accepted
    for _ in stream:
        assert stream.report.accepted
    assert (stream.report.accepted, stream.report.complete) == (30, True)


def test_progress_is_told_in_the_thread_that_waits(confirma, journal, wire_invoice, monkeypatch):
    monkeypatch.setattr(bulk, "PROGRESS_SECONDS", 0.0)
    reported = list[tuple[threading.Thread, Report]]()
    report = confirma.bulk.submit(
        (wire_invoice(n) for n in range(1, 31)),
        journal=journal,
        progress=lambda some: reported.append((threading.current_thread(), some)),
    )
    assert len(reported) > 1
    assert reported[-1] == (threading.current_thread(), report)
    assert {thread for thread, _ in reported} == {threading.current_thread()}


def test_the_source_is_read_in_the_thread_that_waits(confirma, journal, wire_invoice):
    database = sqlite3.connect(":memory:")  # it refuses every other thread
    database.execute("CREATE TABLE due (number INTEGER)")
    database.executemany("INSERT INTO due VALUES (?)", ((number,) for number in range(1, 701)))
    rows = database.execute("SELECT number FROM due")
    report = confirma.bulk.submit((wire_invoice(number) for (number,) in rows), journal=journal)
    assert report.accepted == 700
    database.close()


def test_the_source_is_read_no_further_than_the_job_needs(confirma, journal, wire_invoice):
    read = []

    def invoices():
        for number in range(1, 5001):
            read.append(number)
            yield wire_invoice(number)

    for _ in confirma.bulk.stream(invoices(), journal=journal):
        break
    assert len(read) < 2500


def test_a_source_may_use_the_client_itself(confirma, journal, wire_invoice):
    def invoices():
        for number in range(1, 4):
            assert confirma.onboarding.validate_token().is_valid
            yield wire_invoice(number)

    assert confirma.bulk.submit(invoices(), journal=journal).accepted == 3


def test_an_asynchronous_source_is_taken_too(confirma, journal, wire_invoice):
    async def invoices():
        for number in range(1, 31):
            yield wire_invoice(number)

    assert confirma.bulk.submit(invoices(), journal=journal).accepted == 30


def test_a_source_that_fails_fails_the_job_after_what_is_under_way(sandbox, confirma, journal, wire_invoice):
    def invoices(last):
        for number in range(1, last + 1):
            yield wire_invoice(number)
        if last < 600:
            raise LookupError(f"row {last + 1}")

    with pytest.raises(LookupError, match="row 301"):
        confirma.bulk.submit(invoices(300), journal=journal)
    sent = sandbox.requests["invoices.create"]
    assert sent
    report = confirma.bulk.submit(invoices(600), journal=journal)
    assert (report.accepted, report.resumed, report.complete) == (600, sent, True)
    assert held(sandbox) == Counter(range(1, 601))


def test_breaking_off_brings_what_is_under_way_to_its_end_and_can_be_resumed(
    sandbox, confirma, journal, wire_invoice
):
    invoices = [wire_invoice(n) for n in range(1, 1001)]
    stream = confirma.bulk.stream(invoices, journal=journal)
    for _ in stream:
        break
    gc.collect()
    sent = sandbox.requests["invoices.create"]
    assert sent < 1000
    assert stream.report.interrupted
    assert stream.report.accepted == sent
    report = confirma.bulk.submit(invoices, journal=journal)
    assert (report.accepted, report.resumed) == (1000, sent)
    assert held(sandbox) == Counter(range(1, 1001))


def test_another_thread_can_stop_it(sandbox, confirma, journal, wire_invoice):
    def invoices():
        for number in range(1, 100_000):
            if number == 500:
                threading.Thread(target=stream.stop).start()
            yield wire_invoice(number)

    stream = confirma.bulk.stream(invoices(), journal=journal)
    for _ in stream:
        pass
    assert stream.report.interrupted
    assert set(held(sandbox).values()) == {1}


def test_stopped_before_it_begins_it_sends_nothing(sandbox, confirma, journal, wire_invoice):
    stream = confirma.bulk.stream([wire_invoice()], journal=journal)
    stream.stop()
    assert not list(stream)
    assert not sandbox.invoices()


def test_a_stream_is_iterated_once(confirma, journal, wire_invoice):
    stream = confirma.bulk.stream([wire_invoice()], journal=journal)
    list(stream)
    with pytest.raises(ConfigurationError, match="once"):
        list(stream)


def test_an_event_of_a_loop_is_refused(confirma, journal):
    import asyncio

    with pytest.raises(ConfigurationError, match=r"stop\(\) of the stream"):
        confirma.bulk.stream([], journal=journal, stop=asyncio.Event())


def test_a_journal_that_cannot_be_used_is_told(confirma, tmp_path):
    with pytest.raises(JournalError):
        confirma.bulk.submit([], journal=tmp_path / "nowhere" / "job.journal")


def test_closing_the_client_ends_the_job_of_another_thread(sandbox, seen, journal, wire_invoice):
    confirma = Confirma(sandbox.api_key, base_url=sandbox.url)
    caught = []

    def run():
        try:
            confirma.bulk.submit((wire_invoice(n) for n in range(1, 100_000)), journal=journal)
        except ConfigurationError as error:
            caught.append(error)

    job = threading.Thread(target=run)
    job.start()
    seen("invoices.create")
    confirma.close()
    job.join(10)
    assert not job.is_alive()
    assert set(held(sandbox).values()) == {1}


def test_each_verb_of_the_original_is_there():
    verbs = {name for name in vars(original.Bulk) if not name.startswith("_")}
    assert verbs <= set(vars(bulk.Bulk))
