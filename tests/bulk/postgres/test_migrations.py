"""A journal of an older form is brought to this one by the first job, and keeps what it held."""

import pytest

from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres import opening
from confirma_async.bulk.postgres.journal import open_postgres, reading_postgres
from confirma_async.bulk.postgres.migrations import MIGRATIONS, VERSION
from confirma_async.errors import JournalError


@pytest.fixture(params=range(1, VERSION))
def older(request, postgres, in_database, monkeypatch):
    """The URL of a journal of an earlier form, with one invoice."""
    with monkeypatch.context() as patched:
        patched.setattr(opening, "MIGRATIONS", MIGRATIONS[: request.param])
        patched.setattr(opening, "VERSION", request.param)
        open_postgres(postgres).close()
    with in_database() as connection:
        connection.execute(
            "INSERT INTO confirma_journal.item (position, number, type, seller, repeat, date, source, "
            "digest, currency, run, state) "
            "VALUES (1, 7, 'INVOICE', '', 0, 739000, 'a.csv:2', 'x', 'EUR', 1, 0)"
        )
    return postgres


def test_a_job_brings_it_to_this_form(older):
    journal = open_postgres(older)
    with journal.transaction():
        journal.runs.begin(JobName("t"), now=1000.0)
    assert [row.key.number for row in journal.rows(State.PENDING)] == [7]
    journal.close()


def test_a_look_changes_nothing_and_says_who_does(older):
    with pytest.raises(JournalError, match="older"), reading_postgres(older):
        pass


def test_it_stays_as_it_is_while_a_job_runs_on_it(older, in_database):
    with in_database() as connection:
        connection.execute(
            "INSERT INTO confirma_journal.run "
            "(id, began_at, inputs, allowed, incarnation, term, lease_until) "
            "VALUES (1, 0, '[]', '', gen_random_uuid(), '', clock_timestamp() + interval '1 minute')"
        )
    with pytest.raises(JournalError, match="in use by a job"):
        open_postgres(older)
