"""Key, environment and host."""

import pytest

from confirma_async.doctor import Health
from confirma_async.doctor.context import Context, Setup
from confirma_async.doctor.settings import check_environment, check_key


def context(**variables):
    return Context(Setup(variables={f"CONFIRMA_{name}": value for name, value in variables.items()}))


@pytest.mark.parametrize(
    ("key", "health", "words"),
    [
        ("", Health.BAD, "there is no API key"),
        ("two\nlines", Health.BAD, "no HTTP header can carry"),
        ("my-key", Health.DOUBTFUL, "does not look like"),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", Health.GOOD, "there is an API key"),
    ],
)
async def test_a_key_is_there_and_plausible(key, health, words):
    finding = await check_key(context(API_KEY=key))
    assert finding.health is health
    assert words in finding.message
    assert not key or key not in f"{finding.message} {finding.remedy}"


@pytest.mark.parametrize(
    ("variables", "health", "words"),
    [
        ({}, Health.GOOD, "nothing that is sent is real"),
        ({"ENVIRONMENT": "production"}, Health.GOOD, "what is sent is real"),
        ({"ENVIRONMENT": "moon"}, Health.BAD, "staging or production"),
        ({"BASE_URL": "http://example.com"}, Health.BAD, "plain http://"),
        ({"BASE_URL": "https://integrations.confirmafinance.com"}, Health.BAD, "is the host of production"),
        ({"BASE_URL": "https://gateway.example.com"}, Health.DOUBTFUL, "not one of the vendor's hosts"),
        ({"BASE_URL": "http://127.0.0.1:8080", "ENVIRONMENT": "production"}, Health.GOOD, "a sandbox"),
    ],
)
async def test_environment_and_host_agree(variables, health, words):
    finding = await check_environment(context(**variables))
    assert finding.health is health
    assert words in finding.message


async def test_nothing_is_called_where_the_environment_is_wrong(examined):
    found = await examined("https://integrations.confirmafinance.com")
    for check in ("name", "connection", "certificate", "service", "clock", "accepted"):
        assert found[check].health is Health.SKIPPED
