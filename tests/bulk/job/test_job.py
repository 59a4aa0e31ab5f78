"""What a job makes of answers that the sandbox never gives."""

import base64

import pytest
from attrs import fields

from confirma_async import Confirma, RateLimit, RetryPolicy
from confirma_async.bulk.models import JobArguments, JobOptions
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import Problem, RequestInvalidError
from confirma_async.formats import read
from confirma_async.session.transport import Response

FOUND = (
    b'{"data": [{"invoiceNumber": "1", "invoiceDate": "2026-11-01", "status": "INVOICED"}],'
    b' "metaData": {"totalCount": 1}}'
)
ABSENT = (
    b'{"data": [], "metaData": {"totalCount": 0, "filtersApplied":'
    b' {"invoiceNumber": "1", "fromInvDate": "2026-10-25", "toInvDate": "2026-11-08"}}}'
)
TAKEN = Response(200, {}, b'{"status": "PAUSED"}')
BY_TIME = {"settle_seconds": 0, "on_unknown": "resend"}


class Service:
    """Answers every POST with one thing and every GET with another."""

    def __init__(self, created, listed=ABSENT):
        self.answers = {"POST": created, "GET": Response(200, {}, listed)}
        self.posts = 0

    async def send(self, request):
        self.posts += request.method == "POST"
        return self.answers[request.method]

    async def close(self):
        pass


async def submit(service, journal, invoices, **options):
    async with Confirma("k", transport=service, retry=RetryPolicy(attempts=1)) as confirma:
        return await confirma.bulk.submit(invoices, journal=journal, **options)


@pytest.mark.parametrize("status", [400, 402, 413, 422])
async def test_what_the_service_refuses_is_rejected_in_its_own_words(path, wire_invoice, status):
    service = Service(Response(status, {}, b'{"message": "no such buyer"}'))
    report = await submit(service, path, [wire_invoice(1)])
    assert (report.rejected, report.complete) == (1, True)
    assert "no such buyer" in report.issues[0].detail


async def test_a_rejected_invoice_is_not_sent_again(path, wire_invoice):
    service = Service(Response(400, {}, b"{}"))
    for _ in range(2):
        report = await submit(service, path, [wire_invoice(1)])
    assert (report.rejected, report.resumed, service.posts) == (1, 1, 1)


async def test_a_receipt_that_says_error_is_a_rejection(path, wire_invoice):
    service = Service(Response(200, {}, b'{"status": "ERROR", "errors": [{"message": "no rows"}]}'))
    report = await submit(service, path, [wire_invoice(1)])
    assert (report.rejected, report.issues[0].detail) == (1, "no rows")


async def test_a_receipt_that_says_duplicate_is_an_acceptance_once_the_earlier_one_is_listed(
    path,
    wire_invoice,
):
    service = Service(Response(200, {}, b'{"status": "DUPLICATE"}'), FOUND)
    report = await submit(service, path, [wire_invoice(1)])
    assert (report.accepted, report.duplicates) == (1, 1)


async def test_an_empty_receipt_is_an_acceptance_once_the_invoice_is_listed(path, wire_invoice):
    report = await submit(Service(Response(200, {}, b""), FOUND), path, [wire_invoice(1)])
    assert report.accepted == 1


async def test_what_is_sent_again_on_time_alone_is_counted_and_named(path, wire_invoice):
    class Losing(Service):
        async def send(self, request):
            if request.method == "POST" and self.posts:
                self.answers["POST"] = TAKEN
            return await super().send(request)

    report = await submit(Losing(Response(500, {}, b"")), path, [wire_invoice(1)], **BY_TIME)
    assert (report.accepted, report.unproven) == (1, 1)
    (again,) = report.resent
    assert (again.number, again.unproven) == (1, True)
    with reading(path) as kept:
        assert "no witness" in str(next(iter(kept.rows())).detail)


async def test_a_conflict_over_an_invoice_that_is_there_is_an_acceptance(path, wire_invoice):
    service = Service(Response(409, {}, b"{}"), FOUND)
    report = await submit(service, path, [wire_invoice(1)])
    assert (report.accepted, service.posts) == (1, 1)


async def test_a_conflict_over_an_invoice_that_is_not_listed_is_no_rejection_by_time(path, wire_invoice):
    service = Service(Response(409, {}, b'{"message": "number in use"}'))
    report = await submit(service, path, [wire_invoice(1)], **BY_TIME)
    assert (report.unknown, service.posts) == (1, 1)
    assert "number in use" in report.issues[0].detail


async def test_an_answer_that_cannot_be_read_is_looked_up(path, wire_invoice):
    service = Service(Response(200, {}, b"<html>thank you</html>"), FOUND)
    report = await submit(service, path, [wire_invoice(1)])
    assert (report.accepted, service.posts) == (1, 1)


async def test_absence_that_the_answer_does_not_confirm_never_leads_to_a_second_request(path, wire_invoice):
    service = Service(Response(500, {}, b""), b'{"data": []}')
    report = await submit(service, path, [wire_invoice(1)], **BY_TIME)
    assert (report.unknown, service.posts) == (1, 1)
    assert "does not name the number" in report.issues[0].detail


async def test_an_invoice_that_is_lost_every_time_is_left_after_a_few_attempts(path, wire_invoice):
    service = Service(Response(500, {}, b""))
    report = await submit(service, path, [wire_invoice(1)], **BY_TIME)
    assert (report.unknown, service.posts) == (1, 4)
    assert "sent 4 times" in report.issues[0].detail


async def test_two_documents_of_one_number_are_not_told_apart_by_a_lookup(path, wire_invoice):
    service = Service(Response(500, {}, b""), FOUND)
    credit = wire_invoice(1, header={"type": "CREDIT_NOTE"}, references={"creditedInvoiceNumber": 9})
    report = await submit(service, path, [wire_invoice(1), credit], settle_seconds=0)
    assert report.unknown == 2
    assert "same number" in report.issues[0].detail


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_an_answer_that_every_invoice_would_get_pauses_the_job(path, wire_invoice, status):
    service = Service(Response(status, {}, b"{}"))
    report = await submit(service, path, [wire_invoice(n) for n in range(1, 200)])
    assert report.paused
    assert (report.rejected, report.unknown) == (0, 0)
    assert service.posts < 40


class Recorder(Service):
    """Keeps what it is sent, and may do something before it answers."""

    def __init__(self, before=lambda: None):
        super().__init__(TAKEN)
        self.before = before
        self.bodies = []

    async def send(self, request):
        self.before()
        self.bodies.append(request.body)
        return await super().send(request)


def table(tmp_path, *names):
    file = tmp_path / "in.csv"
    lines = [f"{n};2026-11-01;2026-11-15;EUR;{name}" for n, name in enumerate(names, 1)]
    file.write_text("\n".join(["number;date;due_date;currency;attachment", *lines]))
    return file


async def test_attached_files_are_in_what_is_sent(path, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 %%EOF")
    service = Recorder()
    report = await submit(service, path, read(table(tmp_path, "a.pdf", "a.pdf")))
    assert report.accepted == 2
    assert all(base64.b64encode(b"%PDF-1.7 %%EOF") in body for body in service.bodies)


async def test_an_invoice_whose_attachment_changes_under_the_job_is_left_for_the_next_run(path, tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF-1.7 %%EOF")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7 %%EOF")
    service = Recorder(before=lambda: file.write_bytes(b"%PDF-1.7 changed %%EOF"))
    invoices = table(tmp_path, "b.pdf", "a.pdf")
    report = await submit_one_by_one(service, path, read(invoices))
    assert (report.accepted, report.refused, report.pending, service.posts) == (1, 1, 0, 1)
    assert "changed since it was read" in report.issues[0].detail
    report = await submit_one_by_one(service, path, read(invoices))
    assert (report.accepted, report.complete, service.posts) == (2, True, 2)
    assert base64.b64encode(b"%PDF-1.7 changed %%EOF") in service.bodies[-1]


async def test_only_a_document_refuses_an_invoice_as_it_is_sent(path, wire_invoice):
    def arrives_and_fails():
        service.posts += 1
        raise RequestInvalidError("another request", [Problem("$", "rule", "not ours")])

    service = Recorder(before=arrives_and_fails)
    with pytest.raises(RequestInvalidError):
        await submit(service, path, [wire_invoice(1)])
    found = Service(Response(200, {}, b""), FOUND)
    report = await submit(found, path, [wire_invoice(1)])
    assert (report.accepted, service.posts + found.posts) == (1, 1)


async def submit_one_by_one(service, journal, invoices):
    limit = RateLimit(concurrency=1)
    async with Confirma("k", transport=service, rate_limit=limit) as confirma:
        return await confirma.bulk.submit(invoices, journal=journal)


def test_every_option_of_a_job_can_be_given_by_its_name():
    assert set(JobArguments.__annotations__) == {field.name for field in fields(JobOptions) if field.init}
    options = JobOptions(settle_seconds=5, allow=["payment-reference"], retry="all", expected=3)
    assert JobOptions(**options.as_arguments()) == options
