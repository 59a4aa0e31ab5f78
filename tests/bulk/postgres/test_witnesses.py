"""What it costs to find witnesses in a database that many workers have shared."""

import pytest

from confirma_async.bulk.journal.records import Decision, JobName
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.connection.session import PostgresSession
from confirma_async.bulk.postgres.journal import open_postgres

RUNS = 40


@pytest.fixture
def journal(postgres):
    opened = open_postgres(postgres)
    yield opened
    opened.close()


@pytest.fixture
def steps(monkeypatch):
    """Counts the statements that are sent to the database."""
    sent = []
    real = PostgresSession.execute

    def counted(self, query, *values, **more):
        sent.append(query)
        return real(self, query, *values, **more)

    monkeypatch.setattr(PostgresSession, "execute", counted)
    return sent


def test_runs_of_workers_that_were_begun_again_cost_no_question_each(journal, entry, in_database, steps):
    """Else what they look up holds up the writing for longer than a lease, and they end and begin again."""
    with journal.transaction():
        number = journal.runs.begin(JobName("t"), now=1000.0)
    with journal.transaction():
        journal.admit([entry(1), entry(2)], number)
    with journal.transaction():
        journal.sending([1], 1000.0, 1001.0)
        journal.decide([Decision(position=1, state=State.UNKNOWN, lost=True, at=1002.0)])
    with in_database() as connection:
        connection.execute(
            "INSERT INTO confirma_journal.run (SELECT made.* FROM confirma_journal.run CROSS JOIN "
            "generate_series(id + 1, id + %s) AS n CROSS JOIN LATERAL jsonb_populate_record(run, "
            "jsonb_build_object('id', n, 'lease_until', NULL)) AS made)",
            [RUNS],
        )
    with journal.transaction():
        journal.sending([2], 2000.0, 2001.0)
        journal.decide([Decision(position=2, state=State.ACCEPTED, at=2002.0)])
    steps.clear()
    assert [row.key.number for row in journal.evidence.witnesses(1, 9)] == [2]
    assert len(steps) <= 4
