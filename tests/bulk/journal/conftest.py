"""What every form of the journal owes its job. A new form joins the ``journal`` fixture, and passes."""

import pytest

from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.models import Retry


@pytest.fixture
def admit(journal):
    """Admits one entry; returns the answer and what the journal had before."""

    def admit(entry, run, retry=Retry.NONE):
        with journal.transaction():
            (admitted,) = journal.admit([entry], run, retry)
        return admitted

    return admit


@pytest.fixture
def send(journal):
    def send(*positions, now=5.0, ends_at=35.0):
        with journal.transaction():
            journal.sending(positions, now, ends_at)

    return send


@pytest.fixture
def decide(journal):
    def decide(position, state, **more):
        with journal.transaction():
            journal.decide([Decision(position=position, state=state, at=more.pop("at", 9.0), **more)])

    return decide


@pytest.fixture
def sent(journal, entry, send):
    """Has a run send something, so that the journal is its owner's."""

    def send_one(run):
        with journal.transaction():
            journal.admit([entry()], run)
        send(1)

    return send_one
