"""A service and jobs against it, one invoice at a time, and the rows of the table that a job meets."""

import pytest

from confirma_async import Confirma, RateLimit, RetryPolicy
from confirma_async.bulk.evidence import lookups, observations
from confirma_async.bulk.job import decisions, sender
from tests.bulk.answering import answering
from tests.bulk.evidence.rows.cases import NUMBER
from tests.bulk.memory_journal import MemoryJournal


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
