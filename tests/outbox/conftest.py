import asyncio

import pytest

from confirma_async import Confirma, RateLimit, RetryPolicy
from confirma_async.sandbox import Sandbox

CREATE = "invoices.create"


@pytest.fixture(autouse=True)
def _quick(quick_fingerprints):
    """No journal here is opened by another process."""


@pytest.fixture
async def sandbox():
    async with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox):
    """Makes clients of the sandbox; retries without long pauses."""

    def make(key=None, **options):
        options = {
            "timeout": 10,
            "rate_limit": RateLimit(concurrency=8),
            "retry": RetryPolicy(attempts=2, base_seconds=0.01),
            "base_url": sandbox.url,
            **options,
        }
        return Confirma(key or sandbox.api_key, **options)

    return make


@pytest.fixture
async def confirma(client):
    async with client() as confirma:
        yield confirma


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "account.journal"


@pytest.fixture
async def outbox(confirma, journal):
    async with confirma.outbox(journal=journal, settle_seconds=0.2) as outbox:
        yield outbox


@pytest.fixture
def seen(sandbox):
    """Waits until the service has got so many requests."""

    async def wait(operation=CREATE, count=1):
        async with asyncio.timeout(20):
            while sandbox.requests[operation] < count:  # noqa: ASYNC110 (the sandbox tells nobody)
                await asyncio.sleep(0.005)

    return wait
