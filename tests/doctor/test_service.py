"""The service's answer, its clock, and the key."""

import pytest

from confirma_async import Sandbox
from confirma_async.contract import Overrides
from confirma_async.doctor import Health


async def test_all_is_well_against_the_sandbox(examined):
    async with Sandbox() as sandbox:
        found = await examined(sandbox.url, key=sandbox.api_key)
    assert {finding.health for finding in found.values()} == {Health.GOOD}


async def test_a_wrong_key_is_told_apart_from_a_dead_service(examined):
    async with Sandbox() as sandbox:
        found = await examined(sandbox.url, key="0f8fad5b-d9cb-469f-a165-70867728950e")
    assert found["service"].health is Health.GOOD
    assert found["accepted"].health is Health.BAD
    assert "does not accept" in found["accepted"].message


async def test_a_provisioning_token_is_told_apart(examined):
    async with Sandbox() as sandbox:
        found = await examined(sandbox.url, key=sandbox.provisioning_token)
    assert found["accepted"].health is Health.BAD
    assert "not of the right kind" in found["accepted"].message


async def test_without_a_key_the_service_is_still_looked_at(examined):
    async with Sandbox() as sandbox:
        found = await examined(sandbox.url, key="")
        assert found["service"].health is Health.GOOD
        assert found["clock"].health is Health.GOOD
        assert found["accepted"].message == "not looked at: see key"


@pytest.mark.parametrize(
    ("status", "health"),
    [(500, Health.BAD), (404, Health.DOUBTFUL), (302, Health.DOUBTFUL), (401, Health.GOOD)],
)
async def test_an_answer_that_is_not_documented_is_told(host, examined, status, health):
    found = await examined(await host(status=status))
    assert found["service"].health is health


@pytest.mark.parametrize(
    ("seconds", "health", "words"),
    [
        (0, Health.GOOD, "agrees"),
        (60, Health.DOUBTFUL, "behind the service's"),
        (-3600, Health.BAD, "ahead of the service's"),
        (None, Health.DOUBTFUL, "does not say its time"),
    ],
)
async def test_a_clock_that_is_off_is_told(host, examined, seconds, health, words):
    found = await examined(await host(date=seconds))
    assert found["clock"].health is health
    assert words in found["clock"].message


async def test_a_key_that_the_service_calls_invalid_is_bad(host, examined):
    found = await examined(await host(valid=False))
    assert found["accepted"].health is Health.BAD


async def test_an_answer_of_another_service_is_bad(host, examined):
    found = await examined(await host(body="<html>welcome</html>"))
    assert found["accepted"].health is Health.BAD
    assert "not the one that is documented" in found["accepted"].message


async def test_an_overridden_path_is_asked(examined):
    overrides = Overrides(paths={"onboarding.validate_token": "/check"}, forced=True)
    async with Sandbox(overrides=overrides) as sandbox:
        found = await examined(sandbox.url, key=sandbox.api_key, overrides=overrides)
    assert found["accepted"].health is Health.GOOD
