"""PDFs behind URLs: fetched as their invoices are sent, over real sockets, by a job on the sandbox."""

import asyncio
import base64
import gc
import json

import pytest

from confirma_async import Confirma, RateLimit, RetryPolicy, Sandbox
from confirma_async.bulk import State
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import RequestInvalidError
from confirma_async.formats import LARGEST_ATTACHMENT, ReadOptions, read
from confirma_async.sandbox import Fault
from tests.services.documents import PDF, hosting, says

LOCAL = ReadOptions(attach_private=True)


@pytest.fixture
def table(tmp_path):
    def write(*names, column="attachment"):
        file = tmp_path / "in.csv"
        lines = [f"{n};2026-11-01;2026-11-15;EUR;{name}" for n, name in enumerate(names, 1)]
        file.write_text("\n".join([f"number;date;due_date;currency;{column}", *lines]))
        return file

    return write


@pytest.fixture
async def sandbox():
    async with Sandbox() as running:
        yield running


@pytest.fixture
def submit(sandbox, path):
    async def run(invoices, *, concurrency=8, budget=20, **options):
        retry = RetryPolicy(attempts=2, base_seconds=0.001, budget=budget)
        limit = RateLimit(concurrency=concurrency)
        client = Confirma(sandbox.api_key, base_url=sandbox.url, retry=retry, rate_limit=limit)
        async with client as confirma:
            return await confirma.bulk.submit(read(invoices, LOCAL), journal=path, **options)

    return run


def sent(sandbox):
    """What arrived: the attachments of each invoice, by its number."""
    return {each.number: json.loads(each.body)["invoice"]["attachments"] for each in sandbox.invoices()}


async def test_a_document_behind_a_url_is_in_what_is_sent(submit, sandbox, table):
    async with hosting(**{"a.pdf": [says()], "b": [says(PDF + b"b")]}) as host:
        report = await submit(table(f"{host.url}/a.pdf?key=s3cret", f"{host.url}/b"))
    assert (report.accepted, report.complete) == (2, True)
    data = [base64.b64encode(contents).decode() for contents in (PDF, PDF + b"b")]
    assert sent(sandbox) == {
        1: [{"fileName": "a.pdf", "mimeType": "application/pdf", "data": data[0]}],
        2: [{"mimeType": "application/pdf", "data": data[1]}],
    }
    assert sandbox.api_key not in str([each.raw_headers for each in host.seen])


async def test_documents_are_fetched_as_their_invoices_are_sent_and_not_before(submit, sandbox, table):
    held = []

    async def answer(request):
        held.append(len(host.seen) - len(sandbox.invoices()))
        return await says()(request)

    async with hosting(a=[answer]) as host:
        await submit(table(*[f"{host.url}/a?{n}" for n in range(20)]), concurrency=1)
    assert held == [1] * 20


async def test_a_url_that_is_passed_on_is_not_fetched(submit, sandbox, table):
    async with hosting(a=[says()]) as host:
        await submit(table(f"{host.url}/a", column="attachment_url"))
    assert sent(sandbox) == {1: [{"url": f"{host.url}/a"}]}
    assert not host.seen


@pytest.mark.parametrize(
    ("answer", "rule", "reported"),
    [
        (says(status=404), "attachment.missing", "cannot be fetched (127.0.0.1: HTTP 404)"),
        (says(b"<html>Log in</html>"), "attachment.pdf", "no PDF"),
        (says(PDF + bytes(LARGEST_ATTACHMENT)), "attachment.size", "more than 10 MiB"),
    ],
)
async def test_a_document_that_cannot_be_had_refuses_its_invoice_and_no_other(
    submit, sandbox, table, path, answer, rule, reported
):
    async with hosting(good=[says()], bad=[answer]) as host:
        report = await submit(table(*[f"{host.url}/{name}?s3cret" for name in ("good", "bad", "good?2")]))
    assert (report.accepted, report.refused, report.pending, report.complete) == (2, 1, 0, True)
    (issue,) = report.issues
    (problem,) = issue.problems
    assert (issue.number, issue.place.line) == ("2", 3)
    assert (problem.path, problem.rule) == ("line 3, column attachment", rule)
    assert reported in problem.message
    assert "s3cret" not in str(report)
    with reading(path) as journal:
        (refused,) = journal.runs.problems(1)
        assert (refused.number, refused.rule) == ("2", rule)
        assert "s3cret" not in str(list(journal.rows()))
        (kept,) = journal.rows(State.PENDING)
        assert reported in (kept.detail or "")
    assert list(sent(sandbox)) == [1, 3]


async def test_a_host_that_is_down_costs_the_service_no_retries(submit, sandbox, table):
    sandbox.faults.add(Fault.TOO_MANY_REQUESTS, operation="invoices.create", retry_after=0)
    async with hosting(bad=[says(status=503)], good=[says()]) as host:
        report = await submit(table(f"{host.url}/bad", f"{host.url}/good"), concurrency=1, budget=1)
    assert (len(host.seen), report.refused, report.accepted, report.paused) == (3, 1, 1, None)


async def test_a_host_that_cannot_be_reached_refuses_its_invoices(submit, table, unused_tcp_port):
    report = await submit(table(f"http://127.0.0.1:{unused_tcp_port}/a.pdf"))
    assert (report.refused, report.complete) == (1, True)
    assert "connection refused" in report.issues[0].detail


async def test_the_next_run_sends_what_lacked_its_document(submit, sandbox, table):
    async with hosting(a=[says(status=404), says()]) as host:
        invoices = table(f"{host.url}/a")
        first, second = await submit(invoices), await submit(invoices)
    assert (first.accepted, first.refused) == (0, 1)
    assert (second.accepted, second.refused, second.complete) == (1, 0, True)
    assert list(sent(sandbox)) == [1]


async def test_a_finished_invoice_does_not_need_its_document_again(submit, sandbox, table):
    async with hosting(a=[says()]) as host:
        invoices = table(f"{host.url}/a")
        await submit(invoices)
    report = await submit(invoices)  # the host is gone
    assert (report.accepted, report.resumed, report.refused) == (1, 1, 0)
    assert len(host.seen) == len(sandbox.invoices()) == 1


async def test_a_lost_answer_is_looked_up_without_the_document(submit, sandbox, table):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation="invoices.create")
    async with hosting(a=[says()]) as host:
        report = await submit(table(f"{host.url}/a"))
    assert (report.accepted, len(sandbox.invoices()), len(host.seen)) == (1, 1, 1)


async def test_an_unknown_invoice_whose_document_is_gone_stays_unknown(submit, sandbox, table):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation="invoices.create")
    async with hosting(a=[says(), says(status=404)]) as host:
        invoices = table(f"{host.url}/a")
        report = await submit(invoices, settle_seconds=0, on_unknown="resend")
        assert (report.unknown, report.refused, len(sandbox.invoices())) == (1, 0, 0)
        assert "HTTP 404" in report.issues[0].detail
        host.answers["/a"] = [says()]
        report = await submit(invoices, settle_seconds=0, on_unknown="resend")
    assert (report.accepted, report.complete, len(sandbox.invoices())) == (1, True, 1)


async def test_a_job_that_is_stopped_does_not_wait_for_a_document(submit, sandbox, table):
    stop = asyncio.Event()

    async def never(request):
        stop.set()
        await asyncio.Event().wait()

    async with hosting(a=[never, says()]) as host:
        invoices = table(f"{host.url}/a")
        report = await submit(invoices, stop=stop)
        assert (report.interrupted, report.pending, report.refused) == (True, 1, 0)
        report = await submit(invoices)
    assert (report.accepted, len(sandbox.invoices())) == (1, 1)


def beside(before):
    """The tasks that are there since, but for those of the servers."""
    return [task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task)]


async def test_nothing_waits_any_more_once_a_document_is_there(submit, sandbox, table):
    during = []

    async def second(request):
        during.append(len(beside(before)))
        return await says()(request)

    async with hosting(a=[says()] + [second] * 9) as host:
        before = asyncio.all_tasks()
        report = await submit(table(*[f"{host.url}/a?{n}" for n in range(10)]), concurrency=1)
    assert report.accepted == 10
    assert during[-1] <= during[0]
    assert beside(before) == []


async def test_a_job_that_is_cancelled_leaves_no_fetch_behind(submit, sandbox, table):
    asked = asyncio.Event()

    async def never(request):
        asked.set()
        await asyncio.Event().wait()

    async with hosting(a=[never, says()]) as host:
        invoices = table(f"{host.url}/a")
        before = asyncio.all_tasks()
        job = asyncio.create_task(submit(invoices))
        await asked.wait()
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        left = beside(before)
        report = await submit(invoices)
    assert (left, report.accepted, len(sandbox.invoices())) == ([], 1, 1)


async def test_a_job_that_is_stopped_before_it_sends_again_leaves_the_outcome_open(submit, sandbox, table):
    stop = asyncio.Event()

    async def never(request):
        stop.set()
        await asyncio.Event().wait()

    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation="invoices.create")
    async with hosting(a=[says(), never, says()]) as host:
        invoices = table(f"{host.url}/a")
        report = await submit(invoices, settle_seconds=0, on_unknown="resend", stop=stop)
        assert (report.interrupted, report.unknown, report.pending) == (True, 1, 0)
        report = await submit(invoices, settle_seconds=0, on_unknown="resend")
    assert (report.accepted, report.complete, len(sandbox.invoices())) == (1, True, 1)


def errors_alive():
    """Those of other tests, too, which something may hold for good."""
    return [each for each in gc.get_objects() if isinstance(each, RequestInvalidError)]


@pytest.mark.drops_errors("it counts what a refused document leaves behind")
async def test_a_document_that_is_refused_is_freed_at_once(submit, table):
    gc.collect()
    before = errors_alive()
    gc.disable()
    try:
        async with hosting(a=[says(b"<html>Log in</html>")]) as host:
            report = await submit(table(f"{host.url}/a"))
        left = [each for each in errors_alive() if not any(each is other for other in before)]
    finally:
        gc.enable()
    assert (report.refused, left) == (1, [])
