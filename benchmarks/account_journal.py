"""How does an account's journal fare after years: how quick is it to begin with and to ask, and how large?

Two journals are filled. ``grown`` has as many invoices as asked for, put there by SQL in order, as many runs
have left them; ``sent`` has as many as ``--sent``, which went through ``admit``, ``sending`` and ``decide``
in batches of 64, as a job does it: rows grow as they change, and pages split.

Of each: ``start_seconds`` to open it and begin a run, ``admit_ms`` for 64 new invoices until they are
durable, ``known_ms`` for 64 that it knows, ``send_ms`` for the intents and outcomes of 64,
``status_seconds`` for ``confirma status`` as a process, less what an interpreter takes to load the command,
``whole_seconds`` the same for all that the journal holds, and ``archive_seconds`` for ``confirma journal
archive`` of its first half, with the space given back. ``bytes`` is the size of the file by the invoice, and
``texts`` what of it is texts of no fixed length: the place of the record and the detail of the answer. The
target is for the rest.

The journals go to the directory for temporary files: set TMPDIR for another disk. ``--invoices 10000000`` is
the size that the targets are for; it needs 3 GB.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from parts.figures import median, report, surroundings

from confirma_async.accounts.folders import JOURNAL_DIR_VARIABLE, LOCALHOST
from confirma_async.accounts.registry import FIRST_ACCOUNT, Accounts
from confirma_async.bulk.journal.records import Decision, JobName
from confirma_async.bulk.models import DIGEST_BYTES, Entry, State
from confirma_async.bulk.sqlite.journal import SqliteJournal, open_sqlite
from confirma_async.bulk.sqlite.tables import WordNumbers
from confirma_async.formats import Place
from confirma_async.privacy import Secret
from confirma_async.schemas.identity import InvoiceKey
from confirma_async.settings import API_KEY_VARIABLE, BASE_URL_VARIABLE

BATCH_SIZE = 64
RUN = 5000
"""Invoices of one run."""
ROUNDS = 50
FIRST = 1_000_000
"""The first number: all have seven digits, or a few more."""
KEY = Secret("a-key-for-this-benchmark")
URL = "http://127.0.0.1:9"
BEGAN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC).timestamp()
DAY = 24 * 3600
"""A run each."""
PACE = 50
"""Milliseconds between two invoices of a run."""
SELLERS = ("0737546-2", "1234567-1", "2345678-9")

TARGETS = {
    "start_seconds": 2,
    "admit_ms": 5,
    "status_seconds": 0.5,
    "bytes_without_texts": 120,
}

FILL = """
WITH RECURSIVE place(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM place WHERE n < :last)
INSERT INTO item (position, number, type, seller, repeat, date, source, digest, amount, currency, run, state,
  attempts, sequence, decided_at, took, status, detail)
SELECT n, n + :number, :type, :seller + n % 3, 0, :day + n / 6000, 'invoices-' || (n / :run) || '.csv:' ||
  (n % :run + 2), randomblob(16), 1000 + n % 100000, :currency, n / :run + 1, 4 + (n % 50 = 0), 1, n,
  :moment + n / :run * 86400000 + n % :run * :pace + 120,
  100 + n % 100, :status,
  CASE n % 50 WHEN 0 THEN 'the buyer''s address is not complete: postal code' END
FROM place
"""


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="an account's journal after years")
    parser.add_argument("--invoices", type=int, default=1_000_000, help="invoices in the grown journal")
    parser.add_argument("--sent", type=int, default=100_000, help="invoices sent as a job does")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    invoices, sent = (20_000, 2_000) if options.quick else (options.invoices, options.sent)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        measured = {
            name: measure(Path(folder) / name, fill, count)
            for name, fill, count in (("grown", grow, invoices), ("sent", send_all, sent))
        }
    report(
        {
            **surroundings(),
            "rounds": ROUNDS,
            **measured,
            "target": TARGETS,
            "met": {
                name: all(figures[name] <= target for figures in measured.values())
                for name, target in TARGETS.items()
            },
        }
    )


def measure(folder: Path, fill: Callable[[Path, int], None], count: int) -> dict[str, float]:
    """Return all figures of one journal."""
    os.environ |= {JOURNAL_DIR_VARIABLE: str(folder), API_KEY_VARIABLE: KEY.reveal(), BASE_URL_VARIABLE: URL}
    accounts = Accounts()
    record, owner = accounts.admit(LOCALHOST, KEY)
    accounts.prove(LOCALHOST, FIRST_ACCOUNT, record.keys)
    journal = record.journal
    started = time.perf_counter()
    fill(journal, count)
    filled = time.perf_counter() - started
    figures: dict[str, float] = {"invoices": count, "fill_seconds": round(filled, 1), **sizes(journal, count)}

    started = time.perf_counter()
    opened = open_sqlite(journal)
    with opened.transaction():
        run = opened.runs.begin(JobName(LOCALHOST, ("invoices.csv",)), now=time.time(), owner=owner)
    figures["start_seconds"] = round(time.perf_counter() - started, 3)
    with contextlib.closing(opened):
        figures |= in_a_run(opened, run, count)

    bare = process("-c", "import confirma_async.cli.commands.jobs.status")
    figures["status_seconds"] = round(process("-m", "confirma_async.cli", "status", "--json") - bare, 3)
    figures["whole_seconds"] = round(
        process("-m", "confirma_async.cli", "status", str(journal), "--json") - bare, 3
    )
    half = datetime.datetime.fromtimestamp(_moment(count // 2), datetime.UTC).date()
    archive = ("journal", "archive", "--before", half.isoformat(), "--json")
    figures["archive_seconds"] = round(process("-m", "confirma_async.cli", *archive) - bare, 1)
    figures["mib_after_archive"] = round(journal.stat().st_size / 2**20, 1)
    return figures


def in_a_run(journal: SqliteJournal, run: int, count: int) -> dict[str, float]:
    """Return what batches of a run take: new ones, sent and decided, and known ones."""
    taken: dict[str, list[float]] = {"admit_ms": [], "send_ms": [], "known_ms": []}
    new, known = entries(FIRST + 2 * count), entries(FIRST + count // 3)
    for _ in range(ROUNDS):
        started = time.perf_counter()
        with journal.transaction():
            admitted = journal.admit([*islice(new, BATCH_SIZE)], run)
        taken["admit_ms"].append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        send(journal, [each.position for each in admitted], time.time())
        taken["send_ms"].append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        with journal.transaction():
            journal.admit([*islice(known, BATCH_SIZE)], run)
        taken["known_ms"].append(1000 * (time.perf_counter() - started))
    return {name: median(each) for name, each in taken.items()}


def _moment(index: int) -> float:
    """Return when an invoice is sent."""
    return BEGAN + index // RUN * DAY + index % RUN * PACE / 1000


def send(journal: SqliteJournal, positions: list[int], now: float) -> None:
    """Write intents, and then outcomes: one in fifty is rejected."""
    with journal.transaction():
        journal.sending(positions, now, now + 30)
    with journal.transaction():
        journal.decide([_decided(position, now + 0.12) for position in positions])


def _decided(position: int, at: float) -> Decision:
    if position % 50:
        return Decision(position=position, state=State.ACCEPTED, status="ACCEPTED", at=at, seconds=0.12)
    detail = "the buyer's address is not complete: postal code"
    return Decision(
        position=position, state=State.REJECTED, status="ERROR", detail=detail, at=at, seconds=0.12
    )


def send_all(path: Path, count: int) -> None:
    """Fill a journal as jobs do."""
    with contextlib.closing(open_sqlite(path)) as journal:
        todo = entries(FIRST)
        for start in range(0, count, BATCH_SIZE):
            now = _moment(start)
            if start % (RUN // BATCH_SIZE * BATCH_SIZE) == 0:
                with journal.transaction():
                    run = journal.runs.begin(JobName(LOCALHOST, ("invoices.csv",)), now=now)
            with journal.transaction():
                admitted = journal.admit([*islice(todo, min(BATCH_SIZE, count - start))], run)
            send(journal, [each.position for each in admitted], now)


def entries(number: int) -> Iterator[Entry]:
    """Yield entries from a number on."""
    while True:
        date = (datetime.date(2020, 1, 1) + datetime.timedelta(days=(number - FIRST) // 6000)).isoformat()
        yield Entry(
            place=Place(f"invoices-{(number - FIRST) // RUN}.csv", (number - FIRST) % RUN + 2),
            key=InvoiceKey(SELLERS[number % 3], "INVOICE", number, "", date),
            digest=os.urandom(DIGEST_BYTES),
            body=b"",
            currency="EUR",
            amount=Decimal(1000 + number % 100_000).scaleb(-2),
        )
        number += 1


def grow(path: Path, count: int) -> None:
    """Fill a journal by SQL, as if many runs had."""
    with contextlib.closing(open_sqlite(path)) as journal, journal.transaction():
        journal.runs.begin(JobName(LOCALHOST), now=BEGAN)
    day = datetime.date(2020, 1, 1).toordinal()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = -500000")
        connection.execute("UPDATE progress SET sequence = ?", (count + 1,))
        numbers = WordNumbers(connection)
        sellers = [numbers[seller] for seller in SELLERS]
        words = {"type": numbers["INVOICE"], "currency": numbers["EUR"], "status": numbers["ACCEPTED"]}
        values = {"number": FIRST, "seller": sellers[0], "day": day, "run": RUN, "pace": PACE}
        values |= {"moment": int(BEGAN * 1000), **words}
        for first in range(1, count + 1, 500_000):
            connection.execute(FILL, {**values, "first": first, "last": min(first + 499_999, count)})
        connection.execute(
            "INSERT OR IGNORE INTO run (id, began_at, ended_at, ending, inputs) "
            "SELECT run, min(decided_at - took), max(decided_at), 'complete', '[\"invoices.csv\"]' "
            "FROM item GROUP BY run"
        )
        connection.execute(
            "INSERT INTO decided SELECT run, decided_at / 10000, state, count(*) FROM item GROUP BY 1, 2, 3"
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def sizes(path: Path, count: int) -> dict[str, float]:
    """Return the size of a journal, by its invoices, and what is how large in it."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        (texts,) = connection.execute(
            "SELECT sum(length(source) + coalesce(length(detail), 0)) FROM item"
        ).fetchone()
        parts = {}
        with contextlib.suppress(sqlite3.OperationalError):  # SQLite is often built without dbstat
            query = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 5"
            parts = {f"bytes_of_{name}": round(size / count, 1) for name, size in connection.execute(query)}
    size = path.stat().st_size
    return {
        "mib": round(size / 2**20, 1),
        "bytes": round(size / count, 1),
        "texts": round(texts / count, 1),
        "bytes_without_texts": round((size - texts) / count, 1),
        **parts,
    }


def process(*arguments: str) -> float:
    """Return seconds that a process takes, the best of three."""
    taken = []
    for _ in range(1 if "archive" in arguments else 3):
        started = time.perf_counter()
        done: Any = subprocess.run([sys.executable, *arguments], check=False, capture_output=True)
        taken.append(time.perf_counter() - started)
        if done.returncode not in {0, 1, 3}:
            raise AssertionError(done.stderr.decode())
    return min(taken)


if __name__ == "__main__":
    main()
