"""What each kind of evidence proves: every row of the table, over a real socket."""

import asyncio
import socket
import time
from typing import Any

import pytest
from attrs import field, frozen

from confirma_async import Confirma, Overrides, RateLimit, RetryPolicy
from confirma_async.bulk.evidence import lookups, observations
from confirma_async.bulk.evidence.classification import Receipts, classify_answer, kind_of_status
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.words import DEEPEST, form_of
from confirma_async.bulk.job import decisions, sender
from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.models import FINAL, State
from confirma_async.converters import Converter
from confirma_async.session.answers.decoding import Reply
from tests.bulk.answering import RESET, SILENCE, answering, listing, raw, record
from tests.bulk.memory_journal import MemoryJournal

NUMBER = 1042
TAKEN = raw(body={"message": "taken", "invoiceNumber": NUMBER, "status": "PAUSED"})
OTHER = raw(body={"status": "PAUSED"})


@frozen
class Case:
    """A way to meet a row of the table: what is answered, what is listed, and how the job runs."""

    posts: tuple[Any, ...] = (RESET,)
    listed: object = None
    others: dict[str, Any] = field(factory=dict)
    header: dict[str, Any] = field(factory=dict)
    options: dict[str, Any] = field(factory=dict)
    more: tuple[Any, ...] = ()
    runs: int = 1
    timeout: float = 5.0


def answered(*answers, **more):
    return Case(tuple(answers), **more)


def found(*records, **more):
    return Case(listed=listing(*records), **more)


def listed(answer, **more):
    return Case(listed=answer, **more)


WITNESSED: dict[str, Any] = {
    "posts": (RESET, OTHER),
    "runs": 2,
    "more": (1043,),
    "others": {"1043": listing(record("1043"))},
    "options": {"settle_seconds": 0.2},
}
BY_TIME = {"on_unknown": "resend"}

SIGNS: list[dict[str, Any]] = [
    {"hasErrors": True},
    {"isError": True},
    {"errorMessages": ["no such customer"]},
    {"errorList": ["no such customer"]},
    {"failed": True},
    {"success": "failed"},
    {"ok": "NOK"},
    {"result": "Error: no such customer"},
    {"result": False},
    {"resultCode": "ERR01"},
    {"resultCode": -1},
    {"statusCode": "500 Internal"},
    {"httpStatusCode": 500},
    {"outcome": "VALIDATION_ERROR"},
]
"""What says beside a good word that it went wrong."""

NO_SIGNS: list[dict[str, Any]] = [
    {"hasErrors": False, "errorMessages": [], "errorList": {}, "failed": None, "errorMessage": " "},
    {"success": "OK - stored", "ok": 1, "isValid": None, "errorCode": 0},
    {"result": "Stored", "resultCode": "00", "statusCode": "200 OK", "httpStatusCode": 201},
    {"defaultTerms": True, "postalCode": "00500"},
]
"""What says nothing of the kind."""

CASES = {
    EvidenceKind.REJECTED_FOR_ALL: [
        answered(raw(status))
        for status in (
            401,
            403,
            404,
            405,
            406,
            407,
            410,
            411,
            414,
            415,
            417,
            421,
            426,
            428,
            431,
            501,
        )
    ],
    EvidenceKind.BUSY: [
        answered(raw(429)),
        answered(raw(503, Retry_After="0")),
        answered(raw(429, Retry_After="0")),
    ],
    EvidenceKind.REJECTED: [answered(raw(status, {"title": "Bad"})) for status in (400, 402, 413, 422, 451)],
    EvidenceKind.CONFLICT: [answered(raw(status)) for status in (409, 412, 423)],
    EvidenceKind.REDIRECT: [
        answered(raw(status, Location="/x")) for status in (300, 301, 302, 303, 304, 307, 308)
    ],
    EvidenceKind.GATEWAY: [answered(raw(status)) for status in (408, 502, 503, 504)],
    EvidenceKind.FAILED: [answered(raw(status)) for status in (500, 507, 520, 524, 599)],
    EvidenceKind.UNHEARD_OF: [answered(raw(status)) for status in (418, 420, 425, 460, 499)],
    EvidenceKind.NO_WHOLE_ANSWER: [
        answered(raw(status, {"status": "PAUSED"})) for status in (203, 205, 206, 207, 226, 299)
    ],
    EvidenceKind.UNREADABLE: [
        answered(raw(200, b"<html>please log in</html>", "text/html")),
        answered(raw(200, b"OK", "text/plain")),
        answered(raw(200, b'"taken"')),
        answered(raw(200, b'[{"status": "PAUSED"}]')),
        answered(raw(201, b'{"status": "PAU')),
        answered(raw(200, b" " * (2 * 1024 * 1024))),
    ],
    EvidenceKind.BROKEN: [answered(RESET), answered(b"SSH-2.0\r\n\r\n")],
    EvidenceKind.NO_ANSWER: [answered(SILENCE, timeout=0.3), answered(TAKEN[:-20], timeout=0.3)],
    EvidenceKind.ANOTHER: [
        answered(raw(body={"status": "PAUSED", "invoiceNumber": 1043})),
        answered(raw(body={"status": "PAUSED", "invoiceNumber": "0001042"})),
        answered(raw(body={"data": {"invoice_number": 7}})),
    ],
    EvidenceKind.IN_ERROR: [answered(raw(body={"status": "ERROR", "errors": [{"message": "no rows"}]}))],
    EvidenceKind.DUPLICATE: [answered(raw(body={"status": "DUPLICATE"}))],
    EvidenceKind.SAYS_NO: [
        answered(raw(body=body))
        for body in (
            {"errors": [{"code": "E1"}]},
            {"error": "no"},
            {"Error": {"code": 7}},
            {"success": False},
            {"Success": "false"},
            {"Status": "ERROR"},
            {"status": "Failed"},
            {"status": "error"},
            {"result": "REJECTED"},
            {"status": 500},
            {"data": {"error_message": "no"}},
            {"status": "PAUSED", "errors": [{"message": "no e-mail"}]},
            *({"status": "ACCEPTED", **sign} for sign in SIGNS),
        )
    ],
    EvidenceKind.TAKEN: [
        answered(raw(status, {"status": word}))
        for status, word in [
            *((status, "PAUSED") for status in (200, 201, 202)),
            *(
                (200, word)
                for word in ("DRAFT", "ACCEPTED", "INVOICED", "CREDITED", "INTERMEDIATED", "MANUAL")
            ),
        ]
    ]
    + [answered(raw(body={"status": "ACCEPTED", **said})) for said in NO_SIGNS]
    + [answered(TAKEN), answered(raw(200, b'\xef\xbb\xbf{"status": "PAUSED", "error": null, "errors": []}'))],
    EvidenceKind.FORM_NEW: [
        answered(raw(204)),
        answered(raw(200)),
        answered(raw(body={})),
        answered(raw(body={"login": "please"})),
        answered(raw(body={"message": "ok", "invoiceNumber": NUMBER})),
        answered(raw(body={"status": "RECEIVED"})),
    ],
    EvidenceKind.LISTED: [
        found(record()),
        found(record(1042)),
        found(record(invoiceDate="2026-11-08")),
        found(record(invoiceDate="2026-10-25")),
        found(record(), record("1043")),
        found(record(type="INVOICE", grossAmount="124.00", sellerBusinessId="FI07375462")),
        found(record(type="Invoice", grossAmount=-124, amount=None)),
        found(record(), record(status="DUPLICATE", error="sent before")),
    ],
    EvidenceKind.LISTED_AFTER_NO: [answered(raw(409), listed=listing(record()))],
    EvidenceKind.LISTED_DUPLICATE: [found(record(status="DUPLICATE"))],
    EvidenceKind.LISTED_IN_ERROR: [found(record(status="ERROR", error="no postal code"))],
    EvidenceKind.REMINDER: [found(record(), header={"type": "REMINDER"})],
    EvidenceKind.RIVAL: [
        found(record(), posts=(RESET, OTHER), more=("CREDIT_NOTE",)),
    ],
    EvidenceKind.OTHER_DATE: [
        found(record(invoiceDate=None)),
        found(record(invoiceDate="2026-11-09")),
        found(record(), record(invoiceDate="2019-11-01")),
    ],
    EvidenceKind.CONTRADICTION: [
        found(record(type="CREDIT_NOTE")),
        found(record(invoiceType="credit note")),
        found(record(type="CREDIT NOTE of ours")),
        *(found(record(invoiceType=word)) for word in ("CreditNote", "CREDIT", "HYVITYSLASKU", 381)),
        found(record(totalAmount=99.5)),
        *(
            found(record(amount=reported))
            for reported in ("sNaN", "-sNaN123", "NaN", "1E+9999999", "Infinity", "dear", True)
        ),
        found(record(sellerBusinessId="1234567-1")),
    ],
    EvidenceKind.NEAR: [found(record(number)) for number in ("0001042", " 1042", "INV-1042", "1042/2026")],
    EvidenceKind.NO_WORD: [found(record(status=None))],
    EvidenceKind.UNKNOWN_WORD: [
        found(record(status=word))
        for word in ("FAILED", "REJECTED", "CANCELLED", "DELETED", "error", "NEW_WORD")
    ],
    EvidenceKind.HAS_ERROR: [
        found(record(status=None, error="no")),
        found(record(error="no")),
        found(record(errorCode=7)),
    ],
    EvidenceKind.SEVERAL: [found(record(), record(status="ERROR"))],
    EvidenceKind.NO_NUMBERS: [found({"number": "1042", "status": "PAUSED"})],
    EvidenceKind.NO_FILTERS: [
        listed(listing(filtersApplied=None)),
        listed(raw(body={"data": []})),
        listed(lambda query: listing()({name: query[name] for name in query if name != "invoiceNumber"})),
    ],
    EvidenceKind.OTHER_FILTERS: [listed(lambda query: listing()({**query, "invoiceNumber": "1043"}))],
    EvidenceKind.OTHER_WINDOW: [
        listed(lambda query: listing()({**query, "fromInvDate": "2026-11-01"})),
        listed(lambda query: listing()({**query, "toInvDate": "2026-11-01"})),
        listed(lambda query: listing()({"invoiceNumber": query["invoiceNumber"], "defaultLast30Days": True})),
    ],
    EvidenceKind.PADDED: [found(record("7")), found(*(record(str(number)) for number in range(2000, 2100)))],
    EvidenceKind.NOT_WHOLE: [
        listed(listing(totalCount=1)),
        listed(listing(totalCount=None)),
        listed(listing(failedCount=1)),
        listed(listing(hasMore=True)),
        listed(listing(nextPage="2")),
    ],
    EvidenceKind.LIST_FAILED: [
        listed(listing(error="search is down")),
        listed(raw(body={"success": False, "metaData": {"totalCount": 0}, "data": []})),
    ],
    EvidenceKind.NO_LIST: [
        listed(raw(500)),
        listed(raw(200, b"<html>")),
        listed(raw(206, {"data": []})),
        listed(RESET),
    ],
    EvidenceKind.NOT_LISTED: [Case()],
    EvidenceKind.ABSENT: [Case(**WITNESSED)],
    EvidenceKind.ABSENT_BY_TIME: [Case(posts=(RESET, TAKEN), options=BY_TIME)],
    EvidenceKind.ABSENT_AFTER_NO: [
        Case(**WITNESSED | {"posts": (raw(409, {"message": "number in use"}), OTHER)}),
        Case(**WITNESSED | {"posts": (raw(200, {"success": False, "message": "in use"}), OTHER)}),
    ],
    EvidenceKind.NO_WITNESS: [Case(), answered(raw(409)), answered(raw(409), options=BY_TIME)],
    EvidenceKind.EARLIER: [Case(posts=(RESET, raw(401)), options=BY_TIME)],
    EvidenceKind.TOO_OFTEN: [Case(options=BY_TIME)],
}
"""Ways to meet the rows, each over a real socket."""

SENT_AGAIN = {
    EvidenceKind.ABSENT,
    EvidenceKind.ABSENT_BY_TIME,
    EvidenceKind.TOO_OFTEN,
    EvidenceKind.EARLIER,
    EvidenceKind.BUSY,
    EvidenceKind.RIVAL,
}

ELSEWHERE = {
    EvidenceKind.NOT_SENT: "test_what_was_not_sent_pauses_the_job",
    EvidenceKind.FORM_KNOWN: "test_a_form_of_answer_is_believed_once_a_lookup_has_confirmed_it",
    EvidenceKind.FORMER_ERROR: "test_a_record_in_error_may_be_that_of_the_version_that_was_rejected",
    EvidenceKind.FORMER_VERSION: "test_what_was_rejected_for_want_of_a_record_is_looked_up_first",
    EvidenceKind.NOT_ENDED: "tests/bulk/evidence/lookups/test_dead_runs.py",
    EvidenceKind.UNTYPED: "tests/bulk/evidence/lookups/test_doubt.py",
    EvidenceKind.ABSENT_WITHOUT_CONTENTS: "tests/outbox/test_invoices.py",
    EvidenceKind.NOTHING_KNOWN: "tests/bulk/evidence/lookups/test_doubt.py",
    EvidenceKind.REJECTED_AFTER_RESEND: "tests/bulk/evidence/lookups/test_sent_again.py",
}
"""Rows that take more than one answer and one list to meet, and where they are met."""


def test_every_row_of_the_table_is_met():
    assert {*CASES, *ELSEWHERE} == {*EvidenceKind}
    assert not {*CASES} & {*ELSEWHERE}


@pytest.fixture
async def service():
    async with answering() as serving:
        yield serving


@pytest.fixture
def kinds(monkeypatch):
    """The rows that a job has met, in their order."""
    met = []

    def watched(function):
        def call(*args, **kwargs):
            result = function(*args, **kwargs)
            met.append(result.kind)
            return result

        return call

    def written(function):
        def call(task, classification, **kwargs):
            met.append(classification.kind)
            return function(task, classification, **kwargs)

        return call

    for module, names in (
        (sender, ("classify_error", "classify_answer")),
        (lookups, ("classify_list", "classify_absence")),
        (observations, ("classify_list",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, watched(getattr(module, name)))
    for module in (decisions, lookups):
        monkeypatch.setattr(module, "decision_of", written(module.decision_of))
    return met


@pytest.fixture
def submit(service, wire_invoice):
    """Submits invoices one at a time to the service, over a journal in memory."""

    async def run(numbers, journal=None, *, header=None, timeout=5.0, **options):
        invoices = [
            wire_invoice(NUMBER, header={"type": number}, references={"creditedInvoiceNumber": 9})
            if isinstance(number, str)
            else wire_invoice(
                number, header=header if number == NUMBER else None, amounts={"grossAmount": 124}
            )
            for number in numbers
        ]
        contents = MemoryJournal() if journal is None else journal
        async with Confirma(
            "the-key",
            base_url=service.url,
            timeout=timeout,
            rate_limit=RateLimit(concurrency=1),
            retry=RetryPolicy(attempts=2, base_seconds=0.001),
            answer_limit_bytes=1024 * 1024,
        ) as confirma:
            options = {"settle_seconds": 0, "validate": False, **options}
            report = await confirma.bulk.submit(invoices, journal=lambda: contents, **options)
        return report, contents

    return run


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


async def test_a_form_of_answer_is_believed_once_a_lookup_has_confirmed_it(service, submit, kinds):
    service.posts = [raw(204)]
    service.listed = {"1042": listing(record()), "1043": listing(record("1043"))}
    report, journal = await submit([1042, 1043, 1044, 1045])
    assert (report.accepted, report.unknown) == (4, 0)
    assert EvidenceKind.FORM_KNOWN in kinds
    assert journal.evidence.confirmed_forms() == {"204 nothing"}
    assert {"1044", "1045"}.isdisjoint(service.asked)
    service.posts, service.asked = [raw(204), raw(body={"login": "please"})], []
    report, _ = await submit([2000, 2001], journal)
    assert (report.accepted, report.unknown) == (1, 1)
    assert set(service.asked) == {"2001"}


async def test_a_form_that_no_lookup_confirms_pauses_the_job(service, submit):
    service.posts = [raw(body={"login": "please"})]
    report, _ = await submit(range(1, 500))
    assert "outcomes in a row are unknown" in report.paused
    assert "no word that is known" in report.paused
    assert report.accepted == 0
    assert len(service.sent) < 60


async def test_a_record_in_error_does_not_confirm_a_form(service, submit):
    service.posts = [raw(204)]
    service.listed["1042"] = listing(record(status="ERROR"))
    report, journal = await submit([1042])
    assert report.rejected == 1
    assert not journal.evidence.confirmed_forms()


async def test_a_record_in_error_may_be_that_of_the_version_that_was_rejected(service, submit, kinds):
    service.posts = [raw(400, {"message": "no rows"}), RESET]
    service.listed["1042"] = listing(record(status="ERROR"))
    _, journal = await submit([1042])
    report, _ = await submit([1042], journal, retry="all")
    assert report.unknown == 1
    assert kinds[-1] is EvidenceKind.FORMER_ERROR
    service.listed["1042"] = listing(record(status="ERROR"), record())
    report, _ = await submit([1042], journal)
    assert (report.accepted, service.sent) == (1, [1042, 1042])


@pytest.mark.parametrize(
    ("listed", "corrected", "state", "posts"),
    [
        (record(), False, State.ACCEPTED, [1042]),
        (record(), True, State.UNKNOWN, [1042]),
        (record(status="ERROR"), True, State.ACCEPTED, [1042, 1042]),
        (None, True, State.ACCEPTED, [1042, 1042]),
    ],
    ids=["there", "there, and corrected since", "there in error", "not there"],
)
async def test_what_was_rejected_for_want_of_a_record_is_looked_up_first(
    service, submit, kinds, listed, corrected, state, posts
):
    """The list was later than it was waited for."""
    service.posts = [raw(409, {"message": "in use"}), OTHER, TAKEN]
    service.listed["1043"] = listing(record("1043"))
    _, journal = await submit([1042])
    report, _ = await submit([1042, 1043], journal, settle_seconds=0.2)
    assert report.rejected == 1
    service.sent.remove(1043)
    if listed is not None:
        service.listed["1042"] = listing(listed)
    header = {"description": "corrected"} if corrected else {}
    await submit([1042], journal, retry="changed" if corrected else "all", header=header)
    assert (next(journal.rows()).state, service.sent) == (state, posts)


async def test_a_duplicate_may_be_that_of_the_version_that_was_rejected(service, submit, kinds):
    service.posts = [raw(body={"status": "ERROR"}), raw(body={"status": "DUPLICATE"})]
    service.listed["1042"] = listing(record(status="ERROR"), record(status="DUPLICATE"))
    _, journal = await submit([1042])
    report, _ = await submit([1042], journal, retry="changed", header={"description": "corrected"})
    assert (report.unknown, kinds[-1]) == (1, EvidenceKind.FORMER_ERROR)


NOT_TAKEN = raw(503, Retry_After="3600")
"""A gateway's word, after the service took the invoice all the same."""


@pytest.mark.parametrize("between", [raw(500), raw(429, Retry_After="3600")], ids=["no list", "no turn"])
async def test_that_it_was_corrected_is_known_until_it_is_sent(service, submit, kinds, between):
    """A run that ends before it has looked changes nothing of that."""
    service.posts, corrected = [NOT_TAKEN], {"description": "corrected"}
    _, journal = await submit([1042])
    service.listed["1042"] = listing(record())
    await submit([1042], journal, header=corrected)
    service.listed["1042"] = between
    await submit([1042], journal, header=corrected)
    service.listed["1042"] = listing(record())
    report, _ = await submit([1042], journal, header=corrected)
    assert (report.unknown, kinds[-1]) == (1, EvidenceKind.FORMER_VERSION)
    assert set(service.sent) == {1042}


async def test_what_was_dated_anew_is_looked_for_by_both_dates(service, submit, kinds):
    service.posts, asked = [NOT_TAKEN, TAKEN], []

    def answer(query):
        asked.append((query["fromInvDate"], query["toInvDate"]))
        return listing(record())(query)

    _, journal = await submit([1042])
    service.listed["1042"] = answer
    header = {"date": "2026-12-01", "dueDate": "2026-12-31"}
    report, _ = await submit([1042], journal, header=header)
    assert (report.unknown, kinds[-1], asked) == (1, EvidenceKind.OTHER_DATE, [("2026-10-25", "2026-12-08")])


async def test_the_reason_of_a_refusal_outlives_lookups_that_fail(service, submit):
    service.posts = [raw(409, {"message": "in use"}), OTHER]
    service.listed = {"1042": raw(500), "1043": listing(record("1043"))}
    _, journal = await submit([1042])
    service.listed["1042"] = listing(totalCount=None)
    await submit([1042], journal)
    del service.listed["1042"]
    report, _ = await submit([1042, 1043], journal, settle_seconds=0.2)
    assert report.rejected == 1
    assert "in use" in report.issues[0].detail
    assert "lookup" not in report.issues[0].detail


async def test_a_persons_word_is_not_asked_about_again(service, submit, kinds):
    """Not even where a record of the number is another document's."""
    service.posts = [RESET, TAKEN]
    service.listed["1042"] = listing(record())
    _, journal = await submit(["CREDIT_NOTE", 1042])
    (unknown,) = journal.rows(State.UNKNOWN)
    assert kinds[-1] is EvidenceKind.RIVAL
    with journal.transaction():
        later = time.time() + 3600.0
        journal.resolve(Resolution(position=unknown.position, state=State.PENDING, note="asked", at=later))
    report, _ = await submit(["CREDIT_NOTE", 1042], journal)
    assert (report.accepted, service.sent) == (2, [1042, 1042, 1042])


async def test_a_rival_whose_date_or_type_contradicts_the_record_is_none(service, submit):
    service.posts = [RESET, OTHER]
    service.listed["1042"] = listing(record(type="INVOICE"))
    report, _ = await submit([1042, "CREDIT_NOTE"])
    assert (report.accepted, report.unknown) == (2, 0)


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


# --- words ------------------------------------------------------------------------------------------


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


def test_a_form_holds_keys_and_kinds_and_no_values_but_yes_and_no():
    found = {"b": [1, 2.5, "x"], "a1042": {"x": None, "y": True}, "status": "RECEIVED", "t": "secret"}
    assert form_of(found, "status") == "{a#:{x:null,y:true},b:[number,text],status:RECEIVED,t:text}"
    assert "secret" not in form_of({"status": "secret 1"}, "status")


def test_a_long_form_is_kept_as_its_hash():
    assert len(form_of({f"key{'x' * n}": 1 for n in range(100)}, "status")) == 64


def test_what_is_nested_too_deeply_is_a_sign_of_failure():
    found: object = {}
    for _ in range(DEEPEST + 5):
        found = {"a": found}
    assert classify_answer(Reply(status=200, found=found), 1).kind is EvidenceKind.SAYS_NO


YES_AND_NO = [
    ({"created": True}, {"created": False}),
    ({"isError": False, "id": 1}, {"isError": True, "id": 0}),
    ({"result": "OK"}, {"result": "SKIPPED"}),
    ({"outcome": "STORED"}, {"outcome": "IGNORED"}),
    ({"Status": "QUEUED"}, {"Status": "DROPPED"}),
    ({"code": 0}, {"code": 17}),
    ({"result": {"status": "OK"}}, {"result": {"status": "SKIPPED"}}),
    ({"status": "OK."}, {"status": "Not taken."}),
    ({"created": 1}, {"created": 0}),
    ({"message": "Invoice stored"}, {"message": "Invoice dropped"}),
    ({"status": ["OK"]}, {"status": ["SKIPPED"]}),
]


@pytest.mark.parametrize(("yes", "no"), YES_AND_NO, ids=str)
async def test_yes_and_no_are_two_forms(service, submit, yes, no):
    service.posts = [raw(body=yes), raw(body=no)]
    service.listed["1042"] = listing(record())
    report, journal = await submit([1042, 1043])
    assert report.accepted == 1, journal.evidence.confirmed_forms()


async def test_a_duplicate_may_be_that_of_another_document(service, submit, kinds):
    """The service knows numbers only: the credit note of the number of an invoice is a duplicate to it."""
    service.posts = [raw(body={"status": "PAUSED"}), raw(body={"status": "DUPLICATE"})]
    service.listed["1042"] = listing(record(type="INVOICE"))
    report, _journal = await submit([1042, "CREDIT_NOTE"])
    assert report.accepted == 1, kinds


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


@pytest.mark.parametrize("wide", [1, 4, 16])
@pytest.mark.parametrize("body", [{"id": 7}, None], ids=["object", "204"])
async def test_a_job_whose_form_is_confirmed_goes_on(service, wire_invoice, wide, body):
    service.posts = [raw(204) if body is None else raw(body=body)]
    service.default = lambda query: listing(record(query["invoiceNumber"]))(query)
    contents = MemoryJournal()
    async with Confirma(
        "the-key", base_url=service.url, timeout=5.0, rate_limit=RateLimit(concurrency=wide)
    ) as confirma:
        invoices = [wire_invoice(number) for number in range(1, 150)]
        async with asyncio.timeout(20):
            report = await confirma.bulk.submit(
                invoices, journal=lambda: contents, validate=False, settle_seconds=2
            )
    assert report.accepted == 149
