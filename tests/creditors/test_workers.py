"""A worker of one account among those of many: what stops it for a while, and what for good."""

import asyncio

import pytest

pytest.importorskip("procrastinate", reason="procrastinate is not installed")

from confirma_async.bulk.machines.worker import WorkerEnd
from confirma_async.creditors import workers
from confirma_async.creditors.workers import again_and_again
from confirma_async.errors import AuthenticationError, JournalError


def away():
    error = JournalError("the server cannot be reached")
    error.resumable = True
    return error


def ended(paused=None, paused_by=None):
    return WorkerEnd(name="w", counts={}, chunks=0, paused=paused, paused_by=paused_by)


REFUSED = AuthenticationError(401)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(workers, "FIRST_PAUSE", 0.0)


@pytest.fixture
def reported():
    """How the worker has ended, each time."""
    return []


class Worker:
    """Ends in these ways, one after the other."""

    def __init__(self, *ways):
        self.left = list(ways)
        self.begun = 0

    async def __call__(self):
        self.begun += 1
        way = self.left.pop(0)
        if isinstance(way, Exception):
            raise way
        return way


@pytest.mark.parametrize("first", [away(), ended("the service is away")])
async def test_what_stops_it_for_a_while_has_it_begun_again(first, reported):
    work = Worker(first, ended())
    assert await again_and_again(work, asyncio.Event(), once=False, stopped=reported.append) == ended()
    assert work.begun == 2
    assert reported == [first, ended()]


@pytest.mark.parametrize("end", [JournalError("damaged"), ended("the key is refused", REFUSED), ended()])
async def test_what_stops_it_for_good_ends_it(end, reported):
    work = Worker(end)
    assert await again_and_again(work, asyncio.Event(), once=False, stopped=reported.append) is end
    assert work.begun == 1


async def test_one_that_is_asked_to_stop_is_not_begun_again(monkeypatch, reported):
    monkeypatch.setattr(workers, "FIRST_PAUSE", 3600.0)
    stop, end = asyncio.Event(), ended("the service is away")
    work = Worker(end)
    asyncio.get_running_loop().call_later(0.05, stop.set)
    assert await again_and_again(work, stop, once=False, stopped=reported.append) is end
    assert work.begun == 1


async def test_one_that_runs_once_is_not_begun_again(reported):
    end = away()
    assert await again_and_again(Worker(end), asyncio.Event(), once=True, stopped=reported.append) is end
