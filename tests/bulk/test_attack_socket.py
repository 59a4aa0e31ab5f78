"""Answers, receipts and records of an attacker, over a real socket."""

# ruff: noqa: F811 (fixtures of another file)

import asyncio

import pytest

from confirma_async import Confirma, FileTokenStore, RateLimit, RetryPolicy
from confirma_async.secret import Secret
from tests.bulk.answering import RESET, Answering, listing, raw, record
from tests.bulk.memory_journal import MemoryJournal

from .test_classification import NUMBER, kinds, service, submit  # noqa: F401 (fixtures)


@pytest.mark.parametrize("amount", ["sNaN", "NaN", "1E+9999999", "-sNaN123", "Infinity"])
async def test_an_amount_that_is_no_number_ends_no_job(service, submit, amount):
    service.posts = [RESET]
    service.listed["1042"] = listing(record(amount=amount))
    report, _journal = await submit([1042])
    assert report.unknown + report.accepted == 1


@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-02"])
async def test_a_date_at_the_end_of_time_ends_no_job(service, submit, date):
    service.posts = [RESET]
    report, _journal = await submit([1042], header={"date": date, "dueDate": date}, validate=True)
    assert report.unknown + report.accepted + report.refused == 1


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
]


@pytest.mark.parametrize(("yes", "no"), YES_AND_NO, ids=str)
async def test_yes_and_no_are_two_forms(service, submit, yes, no):
    service.posts = [raw(body=yes), raw(body=no)]
    service.listed["1042"] = listing(record())
    report, journal = await submit([1042, 1043])
    assert report.accepted == 1, journal.confirmed_forms()


async def test_a_duplicate_may_be_that_of_another_document(service, submit, kinds):
    """The service knows numbers only: the credit note of the number of an invoice is a duplicate to it."""
    service.posts = [raw(body={"status": "PAUSED"}), raw(body={"status": "DUPLICATE"})]
    service.listed["1042"] = listing(record(type="INVOICE"))
    report, _journal = await submit([1042, "CREDIT_NOTE"])
    assert report.accepted == 1, kinds


@pytest.mark.parametrize("kind", ["CreditNote", "CREDIT", "HYVITYSLASKU", 381])
async def test_a_record_of_a_type_that_is_not_known_is_not_believed(service, submit, kind):
    service.posts = [RESET]
    service.listed["1042"] = listing(record(invoiceType=kind))
    report, _journal = await submit([1042])
    assert report.accepted == 0


@pytest.mark.parametrize("wide", [1, 2, 4, 10, 16])
@pytest.mark.parametrize("body", [{"id": 7}, None], ids=["object", "204"])
async def test_a_job_whose_form_is_confirmed_goes_on(service, wire_invoice, wide, body):
    service.posts = [raw(204) if body is None else raw(body=body)]
    service.default = lambda query: listing(record(query["invoiceNumber"]))(query)
    contents = MemoryJournal()
    async with Confirma(
        "the-key", base_url=service.url, timeout=5.0, rate_limit=RateLimit(concurrency=wide)
    ) as confirma:
        invoices = [wire_invoice(number) for number in range(1, 400)]
        async with asyncio.timeout(20):
            report = await confirma.bulk.submit(
                invoices, journal=lambda: contents, validate=False, settle_seconds=2
            )
    assert report.accepted == 399


async def test_an_invoice_that_a_401_followed_is_not_sent_again_with_another_key(
    service,
    wire_invoice,
    tmp_path,
    monkeypatch,
):
    """The service took it, and a gateway said 401; meanwhile another process had renewed the token."""
    store = FileTokenStore(tmp_path / "token")
    await store.save(Secret("first-key"))
    plain = Answering.answer
    service.default = lambda query: listing(record(query["invoiceNumber"]))(query)

    def answer(self, method, target, body):
        said = plain(self, method, target, body)
        if method == "POST" and len(self.sent) == 1:
            (tmp_path / "token").write_text((tmp_path / "token").read_text().replace("first", "other"))
            return raw(401, {"message": "no"})
        return said

    monkeypatch.setattr(Answering, "answer", answer)
    contents = MemoryJournal()
    async with Confirma(
        store, base_url=service.url, timeout=5.0, retry=RetryPolicy(attempts=2, base=0.001)
    ) as confirma:
        await confirma.bulk.submit(
            [wire_invoice(1042)], journal=lambda: contents, validate=False, settle_seconds=0
        )
    assert service.sent == [1042]


@pytest.mark.parametrize(
    "sign",
    [
        {"hasErrors": True},
        {"isError": True},
        {"errorMessages": ["no such customer"]},
        {"errorList": ["no such customer"]},
        {"failed": True},
        {"success": "failed"},
        {"ok": "NOK"},
        {"result": "Error: no such customer"},
        {"resultCode": "ERR01"},
        {"statusCode": "500 Internal"},
        {"httpStatusCode": 500},
    ],
    ids=str,
)
async def test_a_good_word_beside_a_sign_of_failure_is_not_believed(service, submit, sign):
    service.posts = [raw(body={"status": "ACCEPTED", **sign})]
    report, _ = await submit([1042])
    assert report.accepted == 0
