import datetime
from decimal import Decimal

import pytest

from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.models import Entry
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.formats import Place
from confirma_async.schemas.identity import InvoiceKey
from tests.bulk.memory_journal import MemoryJournal


@pytest.fixture(autouse=True)
def _quick(quick_fingerprints):
    """No journal here is opened by another process."""


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


@pytest.fixture
def opener(request, path):
    """Opens a form of the journal: the same one each time, or for other jobs the contents of another."""

    def open_form(form, journal=None):
        if form == "memory":
            return MemoryJournal(journal and journal.contents)
        if form == "sqlite":
            return open_sqlite(path)
        from confirma_async.bulk.postgres.journal import open_postgres

        return open_postgres(request.getfixturevalue("postgres"))

    return open_form


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def form(request):
    """Each form of the journal in turn: whatever a test asks of one, it asks of all."""
    return request.param


@pytest.fixture
def journal(form, opener):
    opened = opener(form)
    yield opened
    opened.close()


@pytest.fixture
def again(form, journal, opener):
    """Opens the same journal once more, for another job."""
    opened = []

    def open_again():
        opened.append(opener(form, journal))
        return opened[-1]

    yield open_again
    for one in opened:
        one.close()


@pytest.fixture
def seems_dead(request, form, journal, path):
    """Has the first job seem dead to others, though it is not."""

    def seem_dead():
        if form == "memory":
            journal.contents.alive.clear()
        elif form == "postgres":
            with request.getfixturevalue("in_database")() as connection:
                connection.execute("UPDATE confirma_journal.run SET lease_until = clock_timestamp()")
        else:
            hold = journal._file.hold
            path.with_name(f"{path.name}.held-{hold.name}").unlink()

    return seem_dead


@pytest.fixture
def run(journal):
    """Begins a run on the journal and returns its number."""

    def begin(target="t", inputs=(), *, now=1000.0, owner=None, expected=None, allowed=(), reading=""):
        with journal.transaction():
            return journal.runs.begin(
                JobName(target, inputs, allowed, reading), now=now, owner=owner, expected=expected
            )

    return begin
