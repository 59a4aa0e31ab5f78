"""How the server goes about what is asked of it most, in a database that is too young to have statistics."""

import datetime

import pytest

from confirma_async.bulk.journal.records import Decision, JobName
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.connection import gate
from confirma_async.bulk.postgres.connection.statements import Statements
from confirma_async.bulk.postgres.journal import open_postgres

ROWS = 5000


@pytest.fixture
def run(postgres, in_database):
    """Opens a journal with a run and many items in its hands, of which the server knows nothing yet."""
    journal = open_postgres(postgres)
    with journal.transaction():
        number = journal.runs.begin(JobName("t"), now=1000.0)
    with in_database() as connection:
        connection.execute("ALTER TABLE confirma_journal.item SET (autovacuum_enabled = off)")
        connection.execute(
            "INSERT INTO confirma_journal.item (position, number, type, seller, repeat, date, source, "
            "digest, currency, run, state, holder) SELECT n, n, 'INVOICE', 's', 0, %s, 'f.csv', ''::bytea, "
            "'EUR', %s, 1, %s FROM generate_series(1, %s) AS n",
            [datetime.date(2026, 11, 1).toordinal(), number, number, ROWS],
        )
    yield journal, number
    journal.close()


@pytest.fixture
def plans(run, monkeypatch):
    """Has the journal tell the server's plan of each statement before it is run."""
    journal, found = run[0], []
    connection = journal._session._line.open
    execute, keep = Statements.execute, Statements.change_later

    def explained(query, values):
        if query.startswith(("SELECT", "WITH", "UPDATE")):
            rows = connection.execute(gate.statement(f"EXPLAIN {query}"), values or None)
            found.append("\n".join(line for (line,) in rows))

    def execute_explained(self, query, values=(), **more):
        explained(query, values)
        return execute(self, query, values, **more)

    def keep_explained(self, query, values, check):
        explained(query, values)
        keep(self, query, values, check)

    monkeypatch.setattr(Statements, "execute", execute_explained)
    monkeypatch.setattr(Statements, "change_later", keep_explained)
    return found


def decision(position):
    return Decision(position=position, state=State.ACCEPTED, at=1500.0, seconds=0.1)


def test_admission_looks_numbers_up_by_their_index(run, plans, entry):
    journal, number = run
    with journal.transaction():
        journal.admit([entry(each) for each in range(1, 501)], number)
    assert any("Index Scan on item_key" in plan for plan in plans)
    assert not any("Seq Scan on item" in plan for plan in plans)


@pytest.mark.parametrize("count", [1, 32])
def test_intents_and_outcomes_find_their_items_by_position(run, plans, count):
    journal, _ = run
    positions = [*range(1, count + 1)]
    with journal.transaction():
        journal.sending(positions, 1500.0, 1530.0)
        journal.decide([decision(position) for position in positions])
    assert ["item_pkey" in plan for plan in plans if plan.startswith("Update on item")] == [True, True]
    assert not any("Seq Scan on item" in plan for plan in plans)
