import datetime

import pytest

from confirma_async.bulk.items import Entry, InvoiceKey
from confirma_async.bulk.journal import begin_run
from confirma_async.bulk.journal_file import open_journal
from confirma_async.formats import Place


@pytest.fixture
def path(tmp_path):
    return tmp_path / "job.journal"


@pytest.fixture
def opened(path):
    journal = open_journal(path)
    yield journal
    journal.close()


@pytest.fixture
def connection(opened):
    return opened.connection


@pytest.fixture
def entry():
    """Makes an entry that is ready to send."""

    def make(number=1, *, kind="INVOICE", seller="s", day=1, contents=b"a", place="f.csv:2"):
        date = datetime.date(2026, 11, day).isoformat()
        key = InvoiceKey(seller, kind, number, date if kind == "REMINDER" else "", date)
        return Entry(place=Place(place), key=key, digest=contents * 32, body=contents)

    return make


@pytest.fixture
def run(connection, path):
    """Begins a run on the open journal and returns its number."""

    def begin(target="t", inputs=()):
        return begin_run(connection, path, target, inputs)

    return begin
