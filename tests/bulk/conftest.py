import datetime
from decimal import Decimal

import pytest

from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.models import Entry, InvoiceKey
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.formats import Place
from tests.bulk.memory_journal import MemoryJournal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "job.journal"


@pytest.fixture
def entry():
    """Makes an entry that is ready to send."""

    def make(number=1, *, kind="INVOICE", seller="s", day=1, contents=b"a", place="f.csv:2", amount="12.40"):
        date = datetime.date(2026, 11, day).isoformat()
        key = InvoiceKey(seller, kind, number, date if kind == "REMINDER" else "", date)
        return Entry(
            place=Place(place), key=key, digest=contents * 16, body=contents, currency="EUR",
            amount=None if amount is None else Decimal(amount),
        )  # fmt: skip

    return make


@pytest.fixture(params=["sqlite", "memory"])
def journal(request, path):
    """Each form of the journal in turn: whatever a test asks of one, it asks of all."""
    opened = open_sqlite(path) if request.param == "sqlite" else MemoryJournal()
    yield opened
    opened.close()


@pytest.fixture
def again(journal, path):
    """Opens the same journal once more, for another job."""
    opened = []

    def open_again():
        sqlite = not isinstance(journal, MemoryJournal)
        opened.append(open_sqlite(path) if sqlite else MemoryJournal(journal.contents))
        return opened[-1]

    yield open_again
    for one in opened:
        one.close()


@pytest.fixture
def seems_dead(journal, path):
    """Has the first job seem dead to others, though it is not."""

    def seem_dead():
        if isinstance(journal, MemoryJournal):
            journal.contents.alive.clear()
        else:
            hold = journal._file.hold
            path.with_name(f"{path.name}.held-{hold.name}").unlink()

    return seem_dead


@pytest.fixture
def run(journal):
    """Begins a run on the journal and returns its number."""

    def begin(target="t", inputs=(), *, now=1000.0, owner=None, expected=None):
        with journal.transaction():
            return journal.begin(JobName(target, inputs), now=now, owner=owner, expected=expected)

    return begin
