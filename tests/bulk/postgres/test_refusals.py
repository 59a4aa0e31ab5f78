"""Databases that cannot hold a journal: each gets a sentence, and nothing is sent."""

import pytest

from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.postgres import opening
from confirma_async.bulk.postgres.connection.failures import name_of
from confirma_async.bulk.postgres.journal import open_postgres, reading_postgres
from confirma_async.errors import ConfigurationError, JournalError, JournalMismatchError
from tests.plugins.postgres import as_user


def refusal(url, kind=JournalError):
    with pytest.raises(kind) as refused:
        open_postgres(url).close()
    return str(refused.value)


@pytest.fixture
def journal_there(postgres):
    open_postgres(postgres).close()
    return postgres


def test_another_kind_of_database_is_refused():
    assert "mysql:// is neither" in refusal("mysql://u:secret@host/db", ConfigurationError)


def test_a_url_that_cannot_be_read_is_refused_without_its_password():
    message = refusal("postgresql://u:s%zzecret@host/db?nonsense", ConfigurationError)
    assert "cannot be read" in message
    assert "ecret" not in message


def test_a_journal_is_named_without_user_and_password():
    assert name_of("postgresql://u:secret@db.example:6432/invoices?sslmode=require") == (
        "postgresql://db.example:6432/invoices"
    )


def test_a_server_that_is_not_there_is_told(unused_tcp_port):
    message = refusal(f"postgresql://u:secret@127.0.0.1:{unused_tcp_port}/db")
    assert "cannot be reached" in message
    assert "secret" not in message


def test_a_database_that_is_not_there_is_told(postgres):
    with pytest.raises(JournalError, match="no such database; create the database first") as refused:
        open_postgres(postgres.replace("/confirma_test_", "/nonsense_"))
    assert not refused.value.resumable  # a supervisor would begin it again for ever


def test_a_user_who_is_not_there_is_told(postgres):
    with pytest.raises(JournalError, match="no such user; check the user") as refused:
        open_postgres(as_user(postgres, "nobody_at_all"))
    assert not refused.value.resumable


def test_a_server_that_is_too_old_is_told(postgres, monkeypatch):
    monkeypatch.setattr(opening, "OLDEST_SERVER", 99)
    assert "99 or newer is needed" in refusal(postgres)


def test_a_user_who_may_not_make_the_tables_is_told(postgres, plain_user):
    assert "permission denied" in refusal(as_user(postgres, plain_user))


def test_a_user_who_may_not_write_is_told(journal_there, plain_user, in_database):
    with in_database() as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA confirma_journal TO {plain_user}")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA confirma_journal TO {plain_user}")
    url = as_user(journal_there, plain_user)
    with reading_postgres(url) as looked:
        assert list(looked.runs.all()) == []
    with pytest.raises(JournalError, match="permission denied"):
        begin(url)


def test_the_least_grants_of_the_docs_are_enough(journal_there, plain_user, least_grants, in_database, entry):
    pytest.importorskip("procrastinate", reason="procrastinate is not installed")
    from confirma_async.bulk.machines.packing import Bundle
    from confirma_async.bulk.machines.planned_journal import open_planned

    open_planned(journal_there).close()  # makes the queue
    with in_database() as connection:
        for grant in least_grants:
            connection.execute(grant)
    url = as_user(journal_there, plain_user)
    run = begin(url)
    journal = open_planned(url)
    with journal.transaction():
        journal.plan(Bundle.of([entry(1)]), run)
        assert len(journal.take(1)) == 1
    journal.close()


def begin(url):
    journal = open_postgres(url)
    try:
        with journal.transaction():
            return journal.runs.begin(JobName("t"), now=1000.0)
    finally:
        journal.close()


def test_a_journal_of_a_newer_version_is_left_alone(journal_there, in_database):
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.meta SET value = '99' WHERE name = 'version'")
    assert "newer version of this SDK (format 99" in refusal(journal_there, JournalMismatchError)


def test_a_database_that_takes_no_changes_is_told(journal_there, in_database):
    with in_database() as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            with pytest.raises(JournalError, match="takes no changes"):
                begin(journal_there)
        finally:
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


def test_a_database_that_is_full_is_told_and_nothing_is_written(journal_there, in_database):
    with in_database() as connection:
        connection.execute(
            "CREATE FUNCTION confirma_journal.full() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        connection.execute(
            "CREATE TRIGGER is_full BEFORE INSERT ON confirma_journal.run FOR EACH ROW "
            "EXECUTE FUNCTION confirma_journal.full()"
        )
    with pytest.raises(JournalError, match="has no room") as refused:
        begin(journal_there)
    assert refused.value.resumable


def test_a_database_without_a_journal_is_told_to_who_looks(postgres):
    with pytest.raises(JournalError, match="there is no journal in"), reading_postgres(postgres):
        pass
