"""What a person says of a write of an outbox, at the command line."""

import pytest

from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.journal.writes import Write, WriteDecision
from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.reader import reading

LEDGER = "accounting.submit_ledger"


@pytest.fixture
def journal(tmp_path):
    """A journal with a ledger of unknown outcome."""
    path = tmp_path / "own.journal"
    made = open_sqlite(path)
    with made.transaction():
        run = made.runs.begin(JobName("t"), now=0.0)
        row = made.writes.claim(Write(operation=LEDGER, key="2026-11", digest=b"a" * 16), run).row
        made.writes.sending(row.id, run, 0.0, 1.0)
        made.writes.decide(WriteDecision(id=row.id, state=State.UNKNOWN, at=2.0), run)
        made.runs.end(run, "finished", now=3.0)
    made.close()
    return path


def resolve(confirma, journal, *words):
    because = ("--because", "seen in the books")
    return confirma("resolve", journal, "--write", LEDGER, *words, *because)


@pytest.mark.parametrize(
    ("found", "state", "output"),
    [("accepted", State.ACCEPTED, "not sent again"), ("absent", State.PENDING, "once it is given again")],
)
def test_a_write_is_resolved_by_its_key(confirma, journal, found, state, output):
    code, out, _ = resolve(confirma, journal, "2026-11", "--is", found)
    assert (code, output in out) == (0, True)
    with reading(journal) as kept:
        (row,) = kept.writes.rows()
    assert (row.state, row.detail) == (state, "a person decided: seen in the books")


def test_one_that_is_not_there_is_a_sentence_that_names_those_that_are(confirma, journal):
    code, _, err = resolve(confirma, journal, "2026-12", "--is", "accepted")
    assert (code, "2026-12 of unknown outcome; those are 2026-11" in err) == (2, True)


def test_a_write_has_no_type_and_no_seller(confirma, journal):
    code, _, err = resolve(confirma, journal, "2026-11", "--is", "accepted", "--type", "INVOICE")
    assert (code, "--write goes with a key" in err) == (2, True)
