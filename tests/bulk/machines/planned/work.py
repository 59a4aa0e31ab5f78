"""What a worker does with a chunk, step by step."""

from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.models import State


def expire(in_database):
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.run SET lease_until = to_timestamp(1)")


def take(journal, chunk):
    with journal.transaction():
        return [(admitted.position, admitted.admission) for _, admitted in journal.take(chunk)]


def accept(journal, *positions, at=9.0):
    with journal.transaction():
        journal.sending(positions, 5.0, 35.0)
    with journal.transaction():
        journal.decide([Decision(position=one, state=State.ACCEPTED, at=at) for one in positions])


def lose(journal, position):
    with journal.transaction():
        journal.sending([position], 5.0, 35.0)
    with journal.transaction():
        journal.decide([Decision(position=position, state=State.UNKNOWN, at=9.0, lost=True)])


def finish(journal, chunk, **more):
    with journal.transaction():
        return journal.finish(chunk, now=2000.0, **more)
