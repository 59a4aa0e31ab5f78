"""A database that no job or worker can use: a sentence, an exit code, and nothing is sent."""

import contextlib

import pytest

from confirma_async.bulk.postgres import opening
from tests.plugins.postgres import as_user

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@contextlib.contextmanager
def too_old(connection, url, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(opening, "OLDEST_SERVER", 99)
        yield url


@contextlib.contextmanager
def newer(connection, url, monkeypatch):
    connection.execute("UPDATE confirma_journal.meta SET value = '99' WHERE name = 'version'")
    yield url


@contextlib.contextmanager
def without_rights(connection, url, monkeypatch):
    user = f"confirma_nobody_{connection.info.backend_pid}"
    connection.execute(f"CREATE ROLE {user} LOGIN")
    yield as_user(url, user)
    connection.execute(f"DROP ROLE {user}")


@contextlib.contextmanager
def read_only(connection, url, monkeypatch):
    connection.execute(f"ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = on")
    yield url
    connection.execute(f"ALTER DATABASE {connection.info.dbname} RESET default_transaction_read_only")


@contextlib.contextmanager
def full(connection, url, monkeypatch):
    connection.execute(
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END$$"
    )
    connection.execute(
        "CREATE TRIGGER full_disk BEFORE INSERT ON confirma_journal.run EXECUTE FUNCTION fill()"
    )
    yield url
    connection.execute("DROP FUNCTION fill() CASCADE")


@contextlib.contextmanager
def of_another_target(connection, url, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setenv("CONFIRMA_BASE_URL", "http://localhost:9")
        yield url


FAULTS = {
    too_old: "99 or newer is needed",
    newer: "newer version of this SDK",
    without_rights: "permission denied",
    read_only: "takes no changes",
    full: "has no room",
    of_another_target: "and this job sends to http://localhost:9",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("command", ["submit", "submit --here", "submit --detach", "worker --until-empty"])
def test_nothing_is_sent_and_a_sentence_says_why(
    service, confirma, invoices, postgres, in_database, monkeypatch, fault, command
):
    pytest.importorskip("procrastinate", reason="procrastinate is not installed")
    assert confirma("submit", invoices(1, name="sent.jsonl"), "--journal", postgres, "--here")[0] == 0
    assert confirma("submit", invoices(2, name="planned.jsonl"), "--journal", postgres, "--detach")[0] == 0
    verb, *options = command.split()
    with in_database() as connection, fault(connection, postgres, monkeypatch) as url:
        given = [url] if verb == "worker" else [invoices(2, 3), "--journal", url]
        code, out, output = confirma(verb, *given, *options)
    assert code in {2, 3}
    assert FAULTS[fault] in " ".join(output.split())
    assert "Traceback" not in out + output
    assert [invoice.number for invoice in service.invoices()] == [1]
