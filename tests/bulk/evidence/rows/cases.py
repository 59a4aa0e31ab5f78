"""Ways to meet the rows of the table of evidence, each over a real socket."""

from typing import Any

from attrs import field, frozen

from confirma_async.bulk.evidence.kinds import EvidenceKind
from tests.bulk.answering import RESET, SILENCE, listing, raw, record

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
