"""A worker without proof of life ends, and says so before."""

import asyncio
import threading
import urllib.error
import urllib.request
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from confirma_async.bulk.machines import watchdog as watching
from confirma_async.bulk.machines.health import HealthPort
from confirma_async.bulk.machines.watchdog import Watchdog
from confirma_async.bulk.machines.worker import WorkerHealth
from confirma_async.bulk.models import State
from confirma_async.errors import ConfigurationError, JournalError


class Hold:
    """A lease that can be lost, and knows whether it was looked at often enough to be believed."""

    def __init__(self):
        self.lost = False
        self.looked_at = 0
        self.often = threading.Event()

    def check(self, longest_call_seconds):
        self.looked_at += 1
        if self.looked_at > 20:
            self.often.set()
        if self.lost:
            raise JournalError("over")


@pytest.fixture
def hold():
    return Hold()


class Ended(threading.Event):
    """Is set with the exit code once the process would have ended."""

    def __init__(self):
        super().__init__()
        self.codes: list[int] = []

    def end(self, code):
        self.codes.append(code)
        self.set()


@pytest.fixture
def ended():
    return Ended()


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(watching, "BEAT", 0.02)


async def test_a_worker_whose_lease_is_lost_is_ended(hold, ended, capfd):
    watchdog = Watchdog(hold.check, patience_seconds=0.1, end=ended.end)
    watchdog.begin()
    assert watchdog.trouble is None
    hold.lost = True
    assert await asyncio.to_thread(ended.wait, 10)
    watchdog.finish()
    assert ended.codes == [5]
    assert "the database cannot be reached" in capfd.readouterr().err


async def test_a_worker_whose_loop_hangs_is_ended(hold, ended, capfd):
    watchdog = Watchdog(hold.check, patience_seconds=0.1, end=ended.end)
    watchdog.begin()
    assert ended.wait(10)  # the loop does nothing else meanwhile
    watchdog.finish()
    assert "its loop hangs" in capfd.readouterr().err


async def test_a_worker_that_is_well_goes_on(hold, ended):
    watchdog = Watchdog(hold.check, patience_seconds=0.1, end=ended.end)
    watchdog.begin()
    assert await asyncio.to_thread(hold.often.wait, 10)  # for longer than the watchdog has patience
    watchdog.finish()
    assert ended.codes == []


def asked(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


async def test_its_port_tells_whether_it_is_well_and_its_figures(hold, unused_tcp_port):
    watchdog = Watchdog(hold.check, end=lambda _: None)
    sender: Any = SimpleNamespace(counts=Counter({State.ACCEPTED: 3}), chunks=1)
    with HealthPort.on(unused_tcp_port) as health:
        assert await asyncio.to_thread(asked, unused_tcp_port, "/healthz") == (503, "it has not begun yet\n")
        watchdog.begin()
        health.add_worker(WorkerHealth(watchdog, sender))
        assert await asyncio.to_thread(asked, unused_tcp_port, "/healthz") == (200, "well\n")
        _, metrics = await asyncio.to_thread(asked, unused_tcp_port, "/metrics")
        assert 'confirma_worker_invoices_total{state="accepted"} 3\n' in metrics
        assert "confirma_worker_up 1\n" in metrics
        hold.lost = True
        assert (await asyncio.to_thread(asked, unused_tcp_port, "/healthz"))[0] == 503
        assert (await asyncio.to_thread(asked, unused_tcp_port, "/else"))[0] == 404
        watchdog.finish()


def test_a_port_that_is_taken_is_refused(unused_tcp_port):
    with (
        HealthPort.on(unused_tcp_port),
        pytest.raises(ConfigurationError, match="cannot be had"),
        HealthPort.on(unused_tcp_port),
    ):
        pass


def test_of_many_accounts_the_process_is_well_while_one_of_them_is():
    worker: Any = SimpleNamespace(trouble=None, counts={State.ACCEPTED: 3}, chunks=1)
    health = HealthPort()
    for account in ("elm", "oak"):
        health.add_worker(worker, account)
    health.note_stopped("elm")
    assert health.trouble() is None
    metrics = health.metrics()
    assert 'confirma_worker_up{account="elm"} 0\n' in metrics
    assert 'confirma_worker_up{account="oak"} 1\n' in metrics
    assert 'confirma_worker_invoices_total{account="oak",state="accepted"} 3\n' in metrics
    health.note_stopped("oak")
    assert health.trouble() == "elm: it has stopped; oak: it has stopped"
