"""The client: what it takes, what it refuses, what it never shows."""

import asyncio
import copy
import pickle
import ssl

import aiohttp
import pytest

from confirma_async import (
    CallbackTokenStore,
    Confirma,
    Environment,
    FileTokenStore,
    Overrides,
    Response,
    Secret,
)
from confirma_async.errors import ConfigurationError


class NoTransport:
    closed = 0

    async def send(self, request):
        raise AssertionError("nothing is to be sent")

    async def close(self):
        self.closed += 1


def test_staging_is_the_default_and_production_must_be_said():
    assert Confirma("key").settings.base_url == "https://staging-integrations.confirmafinance.com"
    production = Confirma("key", environment=Environment.PRODUCTION)
    assert production.settings.base_url == "https://integrations.confirmafinance.com"


def test_a_client_can_be_made_outside_a_loop():
    Confirma("key")


def test_the_environment_variables_make_a_client(monkeypatch):
    monkeypatch.setenv("CONFIRMA_API_KEY", "key")
    monkeypatch.setenv("CONFIRMA_ENVIRONMENT", "production")
    monkeypatch.delenv("CONFIRMA_BASE_URL", raising=False)
    client = Confirma.from_env(timeout=5)
    assert client.settings.environment is Environment.PRODUCTION


def test_the_key_never_shows():
    client = Confirma("the-secret-key")
    assert "the-secret-key" not in repr(client) + repr(vars(client)) + repr(client.settings)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_that_leaves_no_time_is_refused(timeout):
    with pytest.raises(ConfigurationError, match="timeout"):
        Confirma("key", timeout=timeout)


async def test_a_transport_of_ones_own_brings_its_own_session():
    context = ssl.create_default_context()
    with pytest.raises(ConfigurationError, match="transport"):
        Confirma("key", transport=NoTransport(), ssl_context=context)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="transport"):
            Confirma("key", transport=NoTransport(), session=session)


async def test_leaving_the_block_closes_and_closing_twice_is_fine():
    transport = NoTransport()
    async with Confirma("key", transport=transport) as client:
        pass
    await client.aclose()
    assert transport.closed == 2


def test_corrected_names_reach_the_converter():
    overrides = Overrides(names={"InvoiceRowData.unit_price": "priceUnit"})
    client = Confirma("key", overrides=overrides)
    from confirma_async.schemas import InvoiceRowData

    fields = {field.attribute: field.wire for field in client.converter.fields_of(InvoiceRowData)}
    assert fields["unit_price"] == "priceUnit"


# --- keys -------------------------------------------------------------------------------------------


class Answers:
    """A transport that answers everything with success, and remembers which key came to which URL."""

    def __init__(
        self, body=b'{"isValid": true, "Message": "5f0c2b1e-0000-4000-8000-00000000abcd"}', pause=0.0
    ):
        self.body = body
        self.pause = pause
        self.seen = []
        self.closed = False

    async def send(self, request):
        self.seen.append((request.url, request.headers["X-Api-Key"]))
        await asyncio.sleep(self.pause)
        assert not self.closed
        return Response(200, {}, self.body)

    async def close(self):
        self.closed = True


def test_a_client_without_any_key_is_refused():
    with pytest.raises(ConfigurationError, match="no key"):
        Confirma()


async def test_a_partner_may_have_a_provisioning_token_alone():
    async with Confirma(provisioning_token="partner-token-9", transport=Answers()) as partner:
        with pytest.raises(ConfigurationError, match="CONFIRMA_API_KEY"):
            await partner.onboarding.validate_token()


async def test_a_view_uses_its_own_key_and_shares_all_else():
    transport = Answers()
    async with Confirma("partner-key-1", base_url="https://one.example", transport=transport) as confirma:
        with confirma.as_client("creditor-key-2") as creditor:
            await creditor.onboarding.validate_token()
        await confirma.as_client(lambda: "creditor-key-3").onboarding.validate_token()
        await confirma.onboarding.validate_token()
        assert creditor._pipeline.limiter is confirma._pipeline.limiter
        assert creditor._pipeline.quota is confirma._pipeline.quota
        assert creditor._pipeline.hooks is confirma._pipeline.hooks
    assert [key for _, key in transport.seen] == ["creditor-key-2", "creditor-key-3", "partner-key-1"]
    assert {url.rpartition("/")[0] for url, _ in transport.seen} == {"https://one.example/api/v1/partner"}


async def test_views_at_once_never_mix_their_keys():
    transport = Answers()
    async with Confirma("partner-key-1", transport=transport) as confirma:

        async def act(number):
            with confirma.as_client(f"creditor-key-{number}") as creditor:
                path = f"{number}"
                await creditor.onboarding.validate_token(headers={"X-For": path})

        await asyncio.gather(*(act(number) for number in range(50)))
    assert {key for _, key in transport.seen} == {f"creditor-key-{number}" for number in range(50)}


async def test_a_view_cannot_be_used_after_its_block():
    async with Confirma("partner-key-1", transport=Answers()) as confirma:
        with confirma.as_client("creditor-key-2") as creditor:
            pass
        with pytest.raises(ConfigurationError, match="as_client"):
            await creditor.onboarding.validate_token()
        await confirma.onboarding.validate_token()


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/@evil.example", "/\\evil.example", "/x?a=b", "/x#y", "/a b"]
)
def test_no_override_can_move_a_key_to_another_host(path):
    with pytest.raises(ConfigurationError, match="path"):
        Overrides(paths={"invoices.distributions_v2": path})


async def test_views_of_one_store_share_one_renewal(tmp_path):
    store = FileTokenStore(tmp_path / "token")
    await store.save(Secret("creditor-key-2"))
    transport = Answers(pause=0.01)
    async with Confirma("partner-key-1", transport=transport) as confirma:
        views = [confirma.as_client(store) for _ in range(5)]
        await asyncio.gather(*(view.onboarding.renew_token() for view in views))
    assert len(transport.seen) == 1


async def test_closing_waits_for_a_token_that_is_on_its_way(tmp_path):
    store = FileTokenStore(tmp_path / "token")
    confirma = Confirma("creditor-key-2", transport=Answers(pause=0.05))
    renewal = asyncio.create_task(confirma.onboarding.renew_token(store=store))
    await asyncio.sleep(0.01)
    await confirma.aclose()
    assert await renewal == await store.load()


async def test_closing_does_not_wait_for_ever_for_a_store(monkeypatch):
    async def never(token):
        await asyncio.sleep(3600)

    monkeypatch.setattr("confirma_async.client.SAVING", 0.01)
    confirma = Confirma("creditor-key-2", transport=Answers(), timeout=0.05)
    store = CallbackTokenStore(lambda: "creditor-key-2", never)
    renewal = asyncio.create_task(confirma.onboarding.renew_token(store=store))
    await asyncio.sleep(0.01)
    await confirma.aclose()
    assert not renewal.done()


async def test_a_renewal_without_a_store_is_refused_before_anything_is_sent():
    transport = Answers()
    async with Confirma("creditor-key-2", transport=transport) as confirma:
        with pytest.raises(ConfigurationError, match="FileTokenStore"):
            await confirma.onboarding.renew_token()
    assert not transport.seen


@pytest.mark.parametrize("do", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_client_refuses_to_be_pickled_or_copied_with_a_sentence(do):
    client = Confirma("the-secret-key")
    for each in (client, client.as_client("creditor-key-2")):
        with pytest.raises(TypeError, match="one in each process"):
            do(each)


def test_no_view_shows_a_key():
    client = Confirma("the-secret-key", provisioning_token="partner-token-9")
    view = client.as_client("creditor-key-2")
    shown = f"{client!r}{vars(client)!r}{client._pipeline!r}{view!r}{vars(view)!r}{view._pipeline!r}"
    assert not any(key in shown for key in ("the-secret-key", "partner-token-9", "creditor-key-2"))


def test_both_tokens_can_come_from_the_environment(monkeypatch):
    monkeypatch.delenv("CONFIRMA_API_KEY", raising=False)
    monkeypatch.setenv("CONFIRMA_PROVISIONING_TOKEN", "partner-token-9")
    keys = Confirma.from_env()._pipeline.keys
    assert keys.client is None
    assert keys.provisioning is not None
    assert keys.provisioning.current == Secret("partner-token-9")
