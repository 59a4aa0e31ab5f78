"""Keys against the sandbox: tokens that expire under way, and many creditors over one client."""

import asyncio

import pytest

from confirma_async import Confirma, FileTokenStore, Hook, RateLimit, Secret
from confirma_async.errors import AuthenticationError, OutcomeUnknownError
from confirma_async.sandbox import Fault


@pytest.fixture
async def store(sandbox, tmp_path):
    made = FileTokenStore(tmp_path / "token")
    await made.save(Secret(sandbox.api_key))
    return made


class ExpiresAfter(Hook):
    """Lets the token expire once so many requests have ended."""

    def __init__(self, sandbox, requests):
        self.sandbox = sandbox
        self.left = requests

    def after_attempt(self, history):
        self.left -= 1
        if self.left == 0:
            self.sandbox.expire_token()


@pytest.fixture
def connect(sandbox, overrides):
    """Makes a client of the sandbox from a key in any form."""

    def make(credentials, **options):
        return Confirma(credentials, base_url=sandbox.url, overrides=overrides, **options)

    return make


async def test_a_job_goes_on_over_a_token_that_expires_under_way(
    sandbox, store, connect, journal, wire_invoice
):
    hook, limit = ExpiresAfter(sandbox, 5), RateLimit(concurrency=4)
    invoices = [wire_invoice(number) for number in range(1, 31)]
    async with connect(store, renew_on_401=True, hooks=[hook], rate_limit=limit) as confirma:
        report = await confirma.bulk.submit(invoices, journal=journal)
    assert (report.accepted, report.paused) == (30, None)
    assert sandbox.requests["onboarding.renew_token"] == 1
    assert len(sandbox.invoices()) == 30
    assert (await store.load()).reveal() == sandbox.api_key


async def test_a_job_without_renewal_pauses_instead(sandbox, store, connect, journal, wire_invoice):
    async with connect(store, hooks=[ExpiresAfter(sandbox, 5)]) as confirma:
        invoices = [wire_invoice(number) for number in range(1, 31)]
        report = await confirma.bulk.submit(invoices, journal=journal)
        assert report.paused is not None
        assert "not accept the API key" in report.paused
        await confirma.onboarding.renew_token()
        report = await confirma.bulk.submit(invoices, journal=journal)
    assert report.accepted == 30
    assert len(sandbox.invoices()) == 30


async def test_a_client_finds_the_token_that_another_one_renewed(store, connect):
    async with (
        connect(store) as first,
        connect(FileTokenStore(store.path)) as second,
    ):
        await second.onboarding.validate_token()
        await first.onboarding.renew_token()
        assert (await second.onboarding.validate_token()).is_valid


async def test_a_renewal_whose_answer_is_lost_is_never_sent_again_by_itself(sandbox, store, connect):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation="onboarding.renew_token")
    async with connect(store, renew_on_401=True) as confirma:
        with pytest.raises(OutcomeUnknownError, match="treat the old token as dead"):
            await confirma.onboarding.renew_token()
        with pytest.raises(AuthenticationError):
            await confirma.onboarding.validate_token()
    assert sandbox.requests["onboarding.renew_token"] == 1


async def test_creditors_at_once_each_see_their_own(sandbox, connect, wire_invoice):
    keys = {name: sandbox.add_client(name) for name in ("one", "two", "three")}
    async with connect(sandbox.api_key) as confirma:

        async def act(number, name):
            with confirma.as_client(keys[name]) as creditor:
                await creditor.invoices.create(wire_invoice(number))

        await asyncio.gather(*(act(number, name) for number, name in enumerate([*keys] * 5, 1)))
    found = [(it.client, it.number) for it in sandbox.invoices()]
    assert sorted(found) == sorted((name, number) for number, name in enumerate([*keys] * 5, 1))
