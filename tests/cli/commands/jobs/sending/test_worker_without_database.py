"""A worker in a process of its own whose database fails it in the middle of its work: a sentence, at once."""

import contextlib
import subprocess
import sys
import time

import pytest

pytest.importorskip("procrastinate", reason="procrastinate is not installed")

from confirma_async.sandbox import Fault

PATIENCE = 25
"""Seconds, fewer than a worker waits for a queue that does not end."""

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def working(service, confirma, invoices, postgres):
    """A worker in the middle of a chunk that is longer than what it takes at once."""
    assert confirma("submit", invoices(*range(1, 121)), "--journal", postgres, "--detach")[0] == 0
    service.faults.add(Fault.LATENCY, operation="invoices.create", times=None, seconds=0.2)
    command = [sys.executable, "-m", "confirma_async.cli", "worker", postgres, "--concurrency", "4"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while service.requests["invoices.create"] < 8:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.02)
        yield process
        process.kill()


@pytest.fixture
def takes_no_changes(in_database):
    """Sets the database read-only, as a replica is."""
    with in_database() as connection:
        name = connection.info.dbname

    @contextlib.contextmanager
    def read_only():
        with in_database() as connection:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            connection.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
        try:
            yield
        finally:
            with in_database() as connection:
                connection.execute("SET default_transaction_read_only = off")
                connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    return read_only


def ends_with_a_sentence(process, said):
    _, output = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, output
    assert said in " ".join(output.split())
    assert "Traceback" not in output
    assert "exception" not in output


def test_one_whose_database_takes_no_changes_any_more_ends(working, takes_no_changes):
    with takes_no_changes():
        ends_with_a_sentence(working, "the database takes no changes")


def test_one_whose_database_is_full_ends(working, in_database):
    with in_database() as connection:
        connection.execute(
            "CREATE FUNCTION confirma_journal.full() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        connection.execute(
            "CREATE TRIGGER is_full BEFORE UPDATE ON confirma_journal.item FOR EACH ROW "
            "EXECUTE FUNCTION confirma_journal.full()"
        )
    ends_with_a_sentence(working, "the database has no room")


def test_one_whose_connections_were_cut_ends_when_it_is_asked_to(service, working, in_database):
    with in_database() as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
    working.terminate()
    _, output = working.communicate(timeout=PATIENCE)
    assert working.returncode == 0, output
    assert "Traceback" not in output
