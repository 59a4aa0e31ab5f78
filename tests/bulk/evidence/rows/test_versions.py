"""Records that may be those of another document, or of the version before."""

import time

import pytest

from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.models import State
from tests.bulk.answering import RESET, listing, raw, record
from tests.bulk.evidence.rows.cases import OTHER, TAKEN


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


async def test_a_duplicate_may_be_that_of_another_document(service, submit, kinds):
    """The service knows numbers only: the credit note of the number of an invoice is a duplicate to it."""
    service.posts = [raw(body={"status": "PAUSED"}), raw(body={"status": "DUPLICATE"})]
    service.listed["1042"] = listing(record(type="INVOICE"))
    report, _journal = await submit([1042, "CREDIT_NOTE"])
    assert report.accepted == 1, kinds
