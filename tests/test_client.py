"""The client: what it takes, what it refuses, what it never shows."""

import ssl

import aiohttp
import pytest

from confirma_async import Confirma, Environment, Overrides
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


@pytest.mark.parametrize("timeout", [0, -1])
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
