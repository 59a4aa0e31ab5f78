"""The doctor looks at the mirror: how old it is, and whether it is proved."""

import datetime
import sqlite3

import pytest

from confirma_async import Confirma, Sandbox
from confirma_async.doctor import Health, Setup
from confirma_async.doctor.context import Context
from confirma_async.doctor.mirror import check_mirror

NOW = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "mirror.db"


@pytest.fixture
async def look(place):
    """Looks at a mirror that was brought up to date so long ago."""

    async def at(days=None):
        async with Sandbox() as sandbox, Confirma(sandbox.api_key, base_url=sandbox.url) as confirma:
            if days is not None:
                await confirma.mirror.sync(place, now=NOW - datetime.timedelta(days=days))
            variables = {
                "CONFIRMA_MIRROR": str(place),
                "CONFIRMA_BASE_URL": sandbox.url,
                "CONFIRMA_API_KEY": sandbox.api_key,
            }
            return await check_mirror(Context(Setup(variables=variables, now=NOW.timestamp)))

    return at


async def test_no_mirror_is_no_fault(look, place):
    finding = await look()
    assert finding.health is Health.GOOD
    assert not place.exists()


@pytest.mark.parametrize(("days", "health"), [(1, Health.GOOD), (3, Health.DOUBTFUL)])
async def test_its_age_is_told(look, days, health):
    finding = await look(days)
    assert finding.health is health
    assert ("24 hours" if days == 1 else "3 days") in finding.message


async def test_what_is_not_proved_is_told(look, place):
    await look(0)
    with sqlite3.connect(place) as connection:
        connection.execute("UPDATE reading SET reason = 'HTTP 500' WHERE stream = 'payments'")
    connection.close()
    finding = await look()
    assert finding.health is Health.DOUBTFUL
    assert "27 windows in it are not proved" in finding.message


async def test_a_file_that_is_no_mirror_is_told(look, place):
    place.write_text("no mirror at all, but text that is long enough")
    finding = await look()
    assert finding.health is Health.BAD
    assert "no mirror of this SDK" in finding.message
