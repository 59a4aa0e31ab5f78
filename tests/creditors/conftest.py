import pytest

from confirma_async import Creditors, Profile, Profiles, RateLimit, RetryPolicy
from confirma_async.sandbox import Sandbox

SELLERS = {"oak": ["0737546-2", "0112038-9"], "elm": ["1927400-1"], "ash": ["0201256-6"]}
"""The sellers of each account."""


@pytest.fixture(autouse=True)
def _quick(quick_fingerprints):
    """No journal here is opened by another process."""


@pytest.fixture
async def sandbox():
    async with Sandbox() as running:
        yield running


@pytest.fixture
def keys(sandbox):
    return {name: sandbox.add_client(name) for name in SELLERS}


@pytest.fixture
def profiles(keys):
    """Makes the profiles, with what one of them has otherwise."""

    def make(**otherwise):
        return Profiles(
            Profile(
                **{"account": name, "key": keys[name], "sellers": SELLERS[name], **otherwise.get(name, {})}
            )
            for name in SELLERS
        )

    return make


@pytest.fixture
def creditors(sandbox, profiles):
    """Makes the accounts' client."""

    def make(chosen=None, **options):
        return Creditors(
            chosen or profiles(),
            base_url=sandbox.url,
            rate_limit=RateLimit(concurrency=8),
            retry=RetryPolicy(attempts=2, base_seconds=0.01),
            **options,
        )

    return make


@pytest.fixture
def invoice_of(wire_invoice):
    """Makes invoices of a seller."""

    def make(seller, number):
        return wire_invoice(number, seller={"businessId": seller})

    return make


@pytest.fixture
def mixed(invoice_of):
    """Makes as many invoices, of all sellers in turn."""
    sellers = [seller for ids in SELLERS.values() for seller in ids]

    def make(count):
        return [invoice_of(sellers[n % len(sellers)], n) for n in range(1, count + 1)]

    return make
