import time

import pytest

from confirma_sync import Confirma, RateLimit, RetryPolicy, Sandbox


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def confirma(sandbox):
    """A client of the sandbox; retries without long pauses."""
    with Confirma(
        sandbox.api_key,
        base_url=sandbox.url,
        timeout=10,
        rate_limit=RateLimit(concurrency=8),
        retry=RetryPolicy(attempts=4, base_seconds=0.01),
    ) as client:
        yield client


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "job.journal"


@pytest.fixture
def seen(sandbox):
    """Waits until the service has got a request, or so many."""

    def wait(operation, count=1):
        deadline = time.monotonic() + 10
        while sandbox.requests[operation] < count:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    return wait
