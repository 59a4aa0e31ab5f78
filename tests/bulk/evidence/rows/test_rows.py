"""What each kind of evidence proves: every row of the table is met, and has its consequence."""

import socket

import pytest

from confirma_async import Overrides
from confirma_async.bulk.evidence.classification import Receipts, classify_answer, kind_of_status
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.models import FINAL, State
from confirma_async.converters import Converter
from confirma_async.session.answers.decoding import Reply
from tests.bulk.answering import RESET, listing, raw, record
from tests.bulk.evidence.rows.cases import CASES, ELSEWHERE, NUMBER, SENT_AGAIN


def test_every_row_of_the_table_is_met():
    assert {*CASES, *ELSEWHERE} == {*EvidenceKind}
    assert not {*CASES} & {*ELSEWHERE}


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        pytest.param(kind, case, id=f"{kind.name}-{n}")
        for kind, cases in CASES.items()
        for n, case in enumerate(cases)
    ],
)
async def test_what_is_met_has_its_consequence(service, submit, kinds, kind, case):
    service.posts = list(case.posts)
    if case.listed is not None:
        service.listed[str(NUMBER)] = case.listed
    service.listed.update(case.others)
    journal = None
    for _ in range(case.runs - 1):
        _, journal = await submit([NUMBER], journal)
    report, journal = await submit(
        [NUMBER, *case.more], journal, header=case.header, timeout=case.timeout, **case.options
    )
    assert kind in kinds
    row = next(row for row in journal.rows() if row.key.number == NUMBER)
    if kind.reading.state is State.SENDING:
        assert service.sent.count(NUMBER) > 1
    elif kinds[-1] is kind or kind.reading.state in FINAL:
        assert row.state is kind.reading.state
    else:  # what it leads to is another row's
        assert row.state is State.UNKNOWN
        assert kind.reading.state is State.UNKNOWN
    if kind.reading.pause:
        assert report.paused
    if kind not in SENT_AGAIN:
        assert service.sent.count(NUMBER) == 1


async def test_what_was_not_sent_pauses_the_job(service, submit, kinds):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        service.url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    report, journal = await submit([NUMBER])
    assert kinds == [EvidenceKind.NOT_SENT, EvidenceKind.NOT_SENT]
    assert "cannot be reached" in report.paused
    assert journal.figures.counts()[State.PENDING] == 1


async def test_the_reason_of_a_refusal_is_told_in_the_report(service, submit):
    service.posts = [raw(400, {"errors": {"header.number": ["number is taken"]}})]
    report, _ = await submit([1042])
    assert report.issues[0].detail == "header.number: number is taken"


async def test_personal_identity_numbers_are_never_repeated(service, submit):
    service.posts = [
        raw(body={"status": "ERROR", "errors": [{"message": "buyer 131052-308T unknown"}]}),
        raw(body={"success": False, "message": "131052-308T"}),
        raw(400, {"message": "131052-308T"}),
        RESET,
    ]
    service.listed["1045"] = listing(record("1045", status="ERROR", error="131052-308T"))
    report, journal = await submit([1042, 1043, 1044, 1045])
    assert "131052" not in f"{report}{list(journal.rows())}"
    assert str(report).count("[personal number]") == 4


def test_statuses_that_no_case_names_are_read_by_their_hundred():
    assert kind_of_status(599) is EvidenceKind.FAILED
    assert kind_of_status(999) is EvidenceKind.NO_WHOLE_ANSWER
    assert kind_of_status(101) is EvidenceKind.NO_WHOLE_ANSWER


async def test_another_protocol_is_no_answer(service, submit):
    service.posts = [raw(101, {"status": "PAUSED"}, Upgrade="x", Connection="upgrade")]
    report, journal = await submit([NUMBER])
    assert (report.unknown, journal.figures.counts()[State.UNKNOWN], service.sent) == (1, 1, [NUMBER])


def test_a_corrected_name_of_the_status_is_read():
    names = Receipts.of(Converter(Overrides(names={"InvoiceReceipt.status": "state"}).names))
    assert classify_answer(Reply(status=200, found={"state": "PAUSED"}), 1, names).kind is EvidenceKind.TAKEN
    assert (
        classify_answer(Reply(status=200, found={"state": "ERROR"}), 1, names).kind is EvidenceKind.IN_ERROR
    )
    assert (
        classify_answer(Reply(status=200, found={"status": "PAUSED"}), 1, names).kind is EvidenceKind.FORM_NEW
    )


@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-02"])
async def test_a_date_at_the_end_of_time_ends_no_job(service, submit, date):
    service.posts = [RESET]
    report, _ = await submit([NUMBER], header={"date": date, "dueDate": date})
    assert report.unknown == 1


async def test_what_is_sent_a_second_time_is_looked_up_before_the_job_pauses(service, submit):
    """As many as a file has whose journal was lost."""
    service.posts = [raw(body={"status": "DUPLICATE"})]
    service.default = lambda query: listing(record(query["invoiceNumber"]))(query)
    report, journal = await submit(range(1, 100))
    assert (report.accepted, report.duplicates, report.paused) == (99, 99, None)
    assert not journal.evidence.confirmed_forms()
