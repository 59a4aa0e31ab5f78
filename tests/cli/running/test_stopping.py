"""Real processes, asked to end by real signals, over a real socket."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from confirma_async.bulk import State
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.cli.running.stopping import Signals, serves
from confirma_async.sandbox import Fault

CREATE = "invoices.create"
COMMAND = [sys.executable, "-m", "confirma_async.cli"]
SLOW = ("--rate", "0.01")
"""The first call goes at once, and no other within the life of a test."""

ASKING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

ON_A_TERMINAL = """
import fcntl, os, signal, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-m", "confirma_async.cli", *sys.argv[2:]])
"""
"""Makes standard input the controlling terminal, and becomes the command; ``deaf`` is what nohup does."""

READY = """
import sys
from confirma_async import cli
run = cli._run
def told():
    sys.stderr.write("ready\\n")
    return run()
cli._run = told
cli.main()
"""
"""The command, which tells when it looks after signals; nothing of it is loaded yet."""


def start(*arguments, **options):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([*COMMAND, *map(str, arguments)], **pipes)


def until(happened, process):
    """Waits for an event that the process brings about."""
    end = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def ending(process):
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in f"{out}{err}"
    return process.returncode, out, err


def states(file):
    (path,) = Path(os.environ["CONFIRMA_JOURNAL_DIR"]).glob("*/*/account.journal")
    with reading(path) as journal:
        return Counter(row.state for row in journal.rows())


def sends_each_once(confirma_json, service, file, count):
    service.faults.clear()
    code, report = confirma_json("submit", file, "--settle", 0)
    assert (code, report["accepted"]) == (0, count)
    assert Counter(invoice.number for invoice in service.invoices()) == Counter(range(1, count + 1))


# --- one signal -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ASKING)
def test_what_waits_for_its_turn_goes_back_at_once(confirma_json, service, invoices, number):
    file = invoices(*range(1, 21))
    process = start("submit", file, *SLOW, "--json")
    until(lambda: service.requests[CREATE], process)
    process.send_signal(number)
    code, out, err = ending(process)
    report = json.loads(out)
    assert (code, report["interrupted"], report["pending"], report["unknown"]) == (130, True, 19, 0)
    assert "stopping after what is under way" in err
    assert states(file) == {State.ACCEPTED: 1, State.PENDING: 19}
    assert service.requests[CREATE] == 1
    sends_each_once(confirma_json, service, file, 20)


def test_what_is_under_way_comes_to_its_end(confirma_json, service, invoices):
    service.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.5)
    file = invoices(*range(1, 21))
    process = start("submit", file, "--concurrency", 4, "--json")
    until(lambda: service.requests[CREATE] == 4, process)
    process.send_signal(signal.SIGINT)
    code, out, _ = ending(process)
    assert (code, json.loads(out)["accepted"], json.loads(out)["unknown"]) == (130, 4, 0)
    assert states(file) == {State.ACCEPTED: 4, State.PENDING: 16}
    sends_each_once(confirma_json, service, file, 20)


def test_the_pause_between_attempts_is_given_up(confirma_json, service, invoices):
    service.faults.add(Fault.UNAVAILABLE, operation=CREATE, times=None, retry_after=20)
    file = invoices(1, 2)
    process = start("submit", file, "--json", "--concurrency", 2)
    until(lambda: service.requests[CREATE], process)  # the other one may be held back by the first answer
    process.send_signal(signal.SIGINT)
    code, out, _ = ending(process)
    assert (code, json.loads(out)["pending"], json.loads(out)["unknown"]) == (130, 2, 0)
    assert service.requests[CREATE] <= 2  # none was tried again
    assert states(file) == {State.PENDING: 2}
    sends_each_once(confirma_json, service, file, 2)


def test_while_it_waits_for_its_input_it_ends_too(service):
    process = subprocess.Popen(
        [sys.executable, "-c", READY, "submit", "-", "--journal", "j"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    code, _, _ = ending(process)
    assert code == 130
    assert not service.requests


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGTERM, []), (signal.SIGINT, ["--json"]), (signal.SIGHUP, ["--processes", "2"])],
)
def test_a_worker_that_is_asked_to_end_before_it_has_begun_ends_well(service, number, words):
    process = subprocess.Popen(
        [sys.executable, "-c", READY, "--language", "en", "worker", "postgresql://127.0.0.1:1/none", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    process.send_signal(number)
    assert ending(process) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["worker", "postgresql://db.example/x"], True),
        (["-v", "--language=fi", "worker"], True),
        (["--language", "worker", "submit"], False),
        (["submit", "worker"], False),
        ([], False),
    ],
)
def test_only_a_command_that_serves_has_done_well_by_ending(words, expected):
    assert serves(words) is expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_of_the_mirror_ends_and_the_next_one_goes_on(
    confirma, confirma_json, service, invoices, number
):
    assert confirma("submit", invoices(41, 42))[0] == 0
    service.advance(days=1)
    list_payments = "payments.list"
    service.faults.add(Fault.LATENCY, operation=list_payments, times=None, seconds=100)
    run = ("mirror", "sync", "--db", "m.db", "--from", "2026-10-25", "--to", "2026-11-30")
    process = start(*run, "--timeout", 200)
    until(lambda: service.requests[list_payments], process)
    process.send_signal(number)
    code, _, err = ending(process)
    assert code == 130, err
    service.faults.clear()
    code, output = confirma_json(*run)
    assert (code, output["complete"]) == (0, True)
    assert output["streams"]["distributions"]["new"] == 0  # they were kept
    assert output["streams"]["distributions"]["records"]


# --- more of them ---------------------------------------------------------------------------------


def test_the_second_signal_ends_it_at_once_and_leaves_the_rest_to_the_next_run(
    confirma_json, service, invoices
):
    service.faults.add(Fault.LATENCY, operation=CREATE, times=4, seconds=100)
    file = invoices(*range(1, 31))
    process = start("submit", file, "--concurrency", 4, "--timeout", 200)
    until(lambda: service.requests[CREATE] == 4, process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "stopping after what is under way" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    code, _, err = ending(process)
    assert (code, "stopped at once; the same command goes on" in err) == (130, True)
    found = states(file)  # a busy machine may not have read all of the file yet
    assert found.pop(State.SENDING) == 4
    assert {*found} == {State.PENDING}


@pytest.mark.parametrize("words", [["submit", "a.jsonl"], ["validate", "a.jsonl"], ["sandbox"], ["doctor"]])
def test_no_number_of_signals_shows_a_traceback_while_it_starts(service, invoices, words):
    invoices(*range(1, 500), name="a.jsonl")
    process = subprocess.Popen(
        [sys.executable, "-c", READY, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    code, _, _ = ending(asked_often(process))
    assert code == 130


def test_no_number_of_signals_shows_a_traceback_while_it_sends(confirma_json, service, invoices):
    service.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.05)
    file = invoices(*range(1, 201))
    process = start("submit", file, "--rate", 50)
    until(lambda: service.requests[CREATE] > 3, process)
    code, _, _ = ending(asked_often(process))
    assert code == 130
    assert not states(file)[State.REJECTED]


def test_no_number_of_signals_shows_a_traceback_while_it_prints(tmp_path):
    (tmp_path / "many.jsonl").write_text("{}\n" * 5_000, encoding="utf-8")
    process = start("validate", "many.jsonl", "--json")  # more than the pipe holds: it waits to be read
    assert process.stdout is not None
    process.stdout.read(1)
    code, _, _ = ending(asked_often(process))
    assert code == 130


def asked_often(process):
    """Sends it five signals, the next as soon as the one before is out."""
    for number in (*ASKING, signal.SIGINT, signal.SIGINT):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        time.sleep(0.01)  # else the kernel makes one of several
    return process


def test_a_result_that_an_interruption_kept_from_being_printed_is_told_as_taken(
    confirma, service, invoices, monkeypatch
):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("confirma_async.cli.commands.calls.invoice.print_json", interrupted)
    code, _, err = confirma("invoice", "create", invoices(1), "--json")
    assert service.requests[CREATE] == 1
    assert (code, "the same command goes on" in err) == (4, False)


def test_what_changes_something_is_not_interrupted_before_that_is_noted():
    """Else an invoice that was taken could be told as one that may be sent again."""
    signals = Signals()
    with signals.changing():
        signals._received(signal.SIGINT, None)
        assert signals.code == 4
    assert signals.code == 130
    with pytest.raises(KeyboardInterrupt):
        Signals()._received(signal.SIGINT, None)


# --- nobody is there any more ---------------------------------------------------------------------


def on_a_terminal(hearing, *arguments):
    """A command on a terminal of its own, and the other end of that."""
    own, others = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, hearing, *map(str, arguments)],
        stdin=others,
        stdout=others,
        stderr=others,
    )
    os.close(others)
    return process, own


def test_a_terminal_that_is_closed_interrupts_the_job(confirma_json, service, invoices):
    file = invoices(*range(1, 21))
    process, terminal = on_a_terminal("hearing", "submit", file, *SLOW)
    until(lambda: service.requests[CREATE], process)
    os.close(terminal)
    assert process.wait(60) == 130
    assert states(file) == {State.ACCEPTED: 1, State.PENDING: 19}
    sends_each_once(confirma_json, service, file, 20)


def test_under_nohup_the_job_goes_on_and_its_code_says_that_nobody_read_the_result(
    confirma_json, service, invoices
):
    service.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.1)
    file = invoices(*range(1, 21))
    process, terminal = on_a_terminal("deaf", "submit", file, "--concurrency", 2)
    until(lambda: service.requests[CREATE], process)
    os.close(terminal)
    assert process.wait(60) == 141
    assert states(file) == {State.ACCEPTED: 20}
    sends_each_once(confirma_json, service, file, 20)


def test_a_reader_that_leaves_in_the_middle_ends_no_job(confirma_json, service, invoices):
    service.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.1)
    file = invoices(*range(1, 21))
    process = start("submit", file, "--concurrency", 2, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Sending to")
    process.stdout.close()
    assert process.wait(60) == 141
    assert states(file) == {State.ACCEPTED: 20}
    sends_each_once(confirma_json, service, file, 20)


def test_a_progress_that_nobody_sees_takes_nothing_with_it(service, invoices):
    reader, writer = os.pipe()
    service.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.1)
    process = start("submit", invoices(*range(1, 11)), "--concurrency", 1, stderr=writer)
    os.close(writer)
    until(lambda: service.requests[CREATE], process)
    os.close(reader)
    code, out, _ = ending(process)
    assert (code, "10" in out) == (0, True)
