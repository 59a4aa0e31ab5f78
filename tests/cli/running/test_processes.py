"""A command that is given once, and runs in several processes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from confirma_async.bulk.journal_places import PostgresPlace, reading
from confirma_async.bulk.postgres.reader import workers_of
from confirma_async.sandbox import Fault

pytest.importorskip("procrastinate", reason="procrastinate is not installed")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system begins no process by fork")

IN_PROCESSES = """
import os, signal, sys
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.running.processes import in_processes
def work(place):
    if codes[place] < 0:
        os.kill(os.getpid(), -codes[place])
    return Exit(codes[place])
codes = [int(code) for code in sys.argv[1:]]
sys.exit(in_processes(len(codes), work))
"""
"""Runs processes that end as they are told: with an exit code, or by a signal."""


def ends(*codes):
    command = [sys.executable, "-c", IN_PROCESSES, *map(str, codes)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(
    ("codes", "highest"), [((0, 0), 0), ((0, 3, 0), 3), ((2, 5, 3), 5), ((2, 0), 2), ((4,), 4)]
)
def test_the_exit_code_is_the_highest_of_all(codes, highest):
    assert ends(*codes)[0] == highest


def test_one_that_was_killed_may_be_begun_again():
    assert ends(0, -signal.SIGKILL)[0] == 3


def alive(postgres):
    with reading(PostgresPlace.of(postgres)) as journal:
        return [worker for worker in workers_of(journal) if worker.alive]


def wait_until(happened, process):
    until = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def workers(service, confirma, invoices, postgres):
    """Begins two workers by one command."""
    assert confirma("submit", invoices(*range(1, 21)), "--journal", postgres, "--detach")[0] == 0
    begun = []

    def begin(*words):
        command = [sys.executable, "-m", "confirma_async.cli", "worker", postgres, "--processes", "2", *words]
        begun.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True))
        return begun[-1]

    yield begin
    for process in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_several_workers_by_one_command_send_each_invoice_once(service, workers):
    process = workers("--until-empty")
    _, output = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert sorted(invoice.number for invoice in service.invoices()) == list(range(1, 21))
    assert output.count("by this worker") == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_all_of_them_to_end_after_what_is_under_way(workers, postgres, number):
    process = workers()
    wait_until(lambda: len(alive(postgres)) == 2, process)
    process.send_signal(number)
    _, output = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert not alive(postgres)


def test_where_the_one_that_waits_is_killed_the_others_end_after_what_is_under_way(
    service, workers, postgres, confirma_json
):
    service.faults.add(Fault.LATENCY, operation="invoices.create", times=None, seconds=0.3)
    process = workers()
    wait_until(lambda: service.requests["invoices.create"] and len(alive(postgres)) == 2, process)
    process.kill()
    _, output = process.communicate(timeout=60)  # its end comes with that of the last who can write to it
    assert output.count("stopping after what is under way") == 2
    assert not alive(postgres)
    assert confirma_json("status", postgres)[1]["counts"]["sending"] == 0


def test_workers_that_are_killed_are_told_of_and_what_they_had_is_taken_over(
    service, workers, postgres, confirma_json
):
    process = workers()
    wait_until(lambda: len(alive(postgres)) == 2, process)
    for worker in alive(postgres):
        os.kill(int(worker.name.split(":")[1]), signal.SIGKILL)
    _, output = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "by signal 9; 1 go on, and none is begun again" in output


def asked(port, path):
    """What a worker answers to a question about its health; an error's text before it has begun."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read().decode()
    except OSError as error:
        return str(error)


@pytest.fixture
def two_ports():
    """The first of two ports in a row that nobody listens on."""
    for _ in range(100):
        with socket.create_server(("", 0)) as first:
            port = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError), socket.create_server(("", port + 1)):
                return port
    pytest.fail("there are no two free ports in a row")


def test_each_says_on_a_port_of_its_own_that_it_can_send_and_what_it_has_sent(service, workers, two_ports):
    process, ports = workers("--health", str(two_ports)), (two_ports, two_ports + 1)
    wait_until(lambda: [asked(port, "/healthz") for port in ports] == ["well\n"] * 2, process)
    accepted = 'confirma_worker_invoices_total{state="accepted"} '

    def sent():
        lines = [line for port in ports for line in asked(port, "/metrics").splitlines()]
        assert lines.count("confirma_worker_up 1") == 2
        return sum(int(line.removeprefix(accepted)) for line in lines if accepted in line)

    wait_until(lambda: sent() == 20, process)
    process.terminate()
    assert process.wait(timeout=60) == 0


def test_each_has_a_health_port_of_its_own_and_there_must_be_one(confirma, postgres):
    code, _, output = confirma("worker", postgres, "--processes", "3", "--health", "65534")
    assert code == 2
    assert "--health 65534 leaves no ports for 3 processes" in output


@pytest.mark.parametrize("count", ["0", "65", "many"])
def test_how_many_there_may_be_is_bounded(confirma, postgres, count):
    assert confirma("worker", postgres, "--processes", count)[0] == 2
