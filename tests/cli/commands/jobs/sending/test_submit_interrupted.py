"""``confirma submit``, interrupted once and twice."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from confirma_async.sandbox import Fault
from tests.cli.commands.jobs.sending.held import held


def started(file, *options):
    command = [sys.executable, "-m", "confirma_async.cli", "submit", str(file), "--json", *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def until(happened):
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def until_under_way(service, count):
    until(lambda: service.requests["invoices.create"] >= count)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_gently_and_goes_on_later(confirma_json, service, invoices, number):
    file = invoices(*range(1, 301))
    process = started(file, "--rate", "100")
    until_under_way(service, 10)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert json.loads(out)["interrupted"]
    assert "stopping after what is under way" in err
    code, report = confirma_json("submit", file)
    assert (code, report["accepted"]) == (0, 300)
    assert held(service) == list(range(1, 301))


def test_interrupted_twice_it_stops_at_once_and_still_goes_on_later(confirma_json, service, invoices):
    file = invoices(*range(1, 31))
    service.faults.add(Fault.LATENCY, operation="invoices.create", times=4, seconds=3)
    process = started(file, "--concurrency", "4")
    until_under_way(service, 4)
    process.send_signal(signal.SIGINT)
    while "stopping after what is under way" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "stopped at once" in err
    assert "Traceback" not in err
    service.faults.clear()
    until(lambda: len(service.invoices()) == 4)  # the requests that were abandoned are handled over there
    code, report = confirma_json("submit", file, "--settle", "0")
    assert (code, report["accepted"]) == (0, 30)
    assert held(service) == list(range(1, 31))
