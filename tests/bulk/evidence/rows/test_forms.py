"""Forms of answers: what each is, and when one is believed."""

import asyncio

import pytest

from confirma_async import Confirma, RateLimit
from confirma_async.bulk.evidence.classification import classify_answer
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.words import DEEPEST, form_of
from confirma_async.session.answers.decoding import Reply
from tests.bulk.answering import listing, raw, record
from tests.bulk.memory_journal import MemoryJournal


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
