"""Answers, receipts and records of an attacker, over a real socket."""

# ruff: noqa: F811 (fixtures of another file)

import asyncio

import pytest

from confirma_async import Confirma, FileTokenStore, RateLimit, RetryPolicy
from confirma_async.secret import Secret
from tests.bulk.answering import Answering, listing, raw, record
from tests.bulk.memory_journal import MemoryJournal

from .test_classification import NUMBER, kinds, service, submit  # noqa: F401 (fixtures)


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
