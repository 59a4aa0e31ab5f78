"""What the tests of the mirror share: both databases, a sandbox on a clock, and the truth to compare with."""

import datetime
from collections import Counter

import pytest

from confirma_async import Confirma, Sandbox
from confirma_async.mirror.content import digest, without
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.opening import open_mirror
from confirma_async.mirror.streams import STREAMS
from confirma_async.sandbox import VirtualClock

START = datetime.datetime(2026, 3, 2, 6, tzinfo=datetime.UTC)
WIDE = {"from_date": datetime.date(2020, 1, 1), "to_date": datetime.date(2030, 1, 1)}


@pytest.fixture(autouse=True)
def _quick(quick_fingerprints):
    """No journal here is opened by another process."""


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Where a mirror may be: each test of it runs over both databases."""
    return tmp_path / "mirror.db" if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
async def sandbox():
    async with Sandbox(clock=VirtualClock(START)) as running:
        yield running


@pytest.fixture
async def confirma(sandbox):
    async with Confirma(sandbox.api_key, base_url=sandbox.url, timeout=20) as client:
        yield client


@pytest.fixture
def sync(confirma, sandbox, place):
    """Does a run at the sandbox's time."""

    async def run(**options):
        return await confirma.mirror.sync(place, now=sandbox.clock.now(), **options)

    return run


@pytest.fixture
def mirror(place):
    """Opens the mirror, to look into it."""
    opened: list[MirrorDatabase] = []

    def look(statement, *values):
        if not opened:
            opened.append(open_mirror(place))
        return opened[0].rows(statement, values)

    yield look
    for database in opened:
        database.close()


class Truth:
    """What the service tells, and what the mirror holds, as multisets of contents."""

    def __init__(self, confirma, mirror):
        self._confirma = confirma
        self._mirror = mirror

    async def listed(self, stream):
        return Counter(map(_content, await self._records(stream)))

    async def _records(self, stream):
        confirma, converter = self._confirma, self._confirma.converter
        if stream == "payments":
            records = await confirma.payments.list(**WIDE)
        elif stream == "settlements":
            records = (await confirma.payments.settlements(**WIDE)).settlements
        else:
            records = (await confirma.invoices.distributions(**WIDE)).data
        return [converter.unstructure(record) for record in records]

    async def days(self, stream):
        """Return the latest day and the content of each record that is told."""
        reader = STREAMS[stream].reader(self._confirma.converter)
        records = await self._records(stream)
        return [(str((reader.days(raw) or ("", ""))[1]), _content(raw)) for raw in records]

    def mirrored(self, stream, *, missed=False):
        rows = self._mirror(
            "SELECT v.raw FROM record r JOIN revision v ON v.record = r.id AND v.number = r.revision "
            "WHERE r.stream = ? AND r.gone_since IS NULL" + ("" if missed else " AND r.missed_at IS NULL"),
            stream,
        )
        return Counter(_content(self._confirma.converter.parse(raw)) for (raw,) in rows)

    async def holds(self):
        for stream in ("distributions", "payments", "settlements"):
            assert self.mirrored(stream) == await self.listed(stream), stream


def _content(raw):
    return digest(without(raw, "apiFetchDate"))


@pytest.fixture
def truth(confirma, mirror):
    return Truth(confirma, mirror)
