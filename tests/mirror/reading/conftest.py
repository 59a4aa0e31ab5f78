"""How lists are read and proved, which is the same over both databases: one of them is enough."""

import pytest

from confirma_async import Confirma, RetryPolicy


@pytest.fixture
async def confirma(sandbox):
    """Tries each call once, so that a fault is met where it is ordered."""
    async with Confirma(
        sandbox.api_key, base_url=sandbox.url, timeout=2, retry=RetryPolicy(attempts=1)
    ) as client:
        yield client


@pytest.fixture
def place(tmp_path):
    return tmp_path / "mirror.db"
