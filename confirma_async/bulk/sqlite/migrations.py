"""The tables of the journal's file, version by version. A published step never changes: add a new one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from functools import cache

APPLICATION_ID = 0x434E464A
"""Marks the file as a journal of this SDK, in SQLite's own header field."""

OPEN = "state NOT IN (4, 5)"
"""The condition of items that are not final; a query must hold it word for word to use the index."""

DECIDED = "state IN (4, 5)"
"""The condition of items that are final; a query must hold it word for word to use the index."""

MIGRATIONS: Sequence[str] = (
    f"""
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE item (
      position INTEGER PRIMARY KEY,
      number INTEGER NOT NULL, type TEXT NOT NULL, seller TEXT NOT NULL, repeat TEXT NOT NULL,
      date TEXT NOT NULL, source TEXT NOT NULL, digest BLOB NOT NULL,
      state INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, attempted_at REAL,
      run INTEGER NOT NULL, status TEXT, detail TEXT, duplicate INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX item_key ON item (number, type, seller, repeat);
    CREATE INDEX item_open ON item (state) WHERE {OPEN};
    CREATE TABLE refusal (
      id INTEGER PRIMARY KEY, source TEXT NOT NULL, number TEXT, rule TEXT NOT NULL, path TEXT NOT NULL,
      message TEXT NOT NULL
    );
    CREATE TABLE numbered (
      seller TEXT NOT NULL, type TEXT NOT NULL, original TEXT NOT NULL, number INTEGER NOT NULL,
      PRIMARY KEY (seller, type, original)
    ) WITHOUT ROWID;
    """,
    # Amounts in hundredths, when and how fast an item was decided, and what it was before.
    """
    ALTER TABLE item ADD COLUMN amount INTEGER;
    ALTER TABLE item ADD COLUMN currency TEXT NOT NULL DEFAULT '';
    ALTER TABLE item ADD COLUMN decided_at REAL;
    ALTER TABLE item ADD COLUMN seconds REAL;
    CREATE TABLE former (
      id INTEGER PRIMARY KEY, position INTEGER NOT NULL, at REAL NOT NULL, state INTEGER NOT NULL,
      digest BLOB NOT NULL, status TEXT, detail TEXT, note TEXT NOT NULL
    );
    CREATE INDEX former_position ON former (position);
    """,
    # The journal of an account, for years: runs, owners, an order of attempts, and rows of half the size.
    # Texts that repeat are words; days are proleptic ordinals, moments and durations milliseconds, and a
    # digest is the first half of a SHA-256. What the version before spelled or judged otherwise is brought to
    # what holds now: old business ids have their zero, reminders repeat by their day, and what was sent and
    # taken for not taken, or rejected by no word of a record, is looked up before it is sent.
    f"""
    UPDATE OR IGNORE item SET seller = '0' || seller WHERE length(seller) = 7 AND seller NOT GLOB '*[^0-9]*';
    UPDATE OR IGNORE item SET type = upper(type);
    UPDATE OR IGNORE item SET repeat = date WHERE type = 'REMINDER' AND repeat = '';
    UPDATE item SET state = 3 WHERE state = 0 AND attempts > 0;
    CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    INSERT INTO word (text) SELECT '' UNION SELECT seller FROM item UNION SELECT type FROM item
      UNION SELECT currency FROM item UNION SELECT status FROM item WHERE status IS NOT NULL;
    CREATE TABLE run (
      id INTEGER PRIMARY KEY, began_at INTEGER NOT NULL, ended_at INTEGER, ending TEXT, expected INTEGER,
      inputs TEXT NOT NULL, known INTEGER NOT NULL DEFAULT 0, hold TEXT,
      allowed TEXT NOT NULL DEFAULT ''
    );
    INSERT INTO run (id, began_at, expected, inputs)
      SELECT CAST(value AS INTEGER),
        CAST(coalesce((SELECT value FROM meta WHERE name = 'run_at'), '0') * 1000 AS INTEGER),
        CAST((SELECT value FROM meta WHERE name = 'expected') AS INTEGER),
        (SELECT value FROM meta WHERE name = 'inputs')
      FROM meta WHERE name = 'run';
    ALTER TABLE item RENAME TO item_2;
    DROP INDEX item_key;
    DROP INDEX item_open;
    CREATE TABLE item (
      position INTEGER PRIMARY KEY,
      number INTEGER NOT NULL, type INTEGER NOT NULL, seller INTEGER NOT NULL, repeat INTEGER NOT NULL,
      date INTEGER NOT NULL, source TEXT NOT NULL, digest BLOB NOT NULL, amount INTEGER,
      currency INTEGER NOT NULL,
      run INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, sequence INTEGER,
      ended INTEGER, ends_at INTEGER, attempted_at INTEGER, decided_at INTEGER, took INTEGER,
      duplicate INTEGER NOT NULL DEFAULT 0, status INTEGER, detail TEXT, says_no INTEGER, form INTEGER,
      holder INTEGER
    );
    INSERT INTO item SELECT
      position, number, (SELECT id FROM word WHERE text = type), (SELECT id FROM word WHERE text = seller),
      CASE repeat WHEN '' THEN 0 ELSE CAST(julianday(repeat) - 1721424.5 AS INTEGER) END,
      CAST(julianday(date) - 1721424.5 AS INTEGER), source, substr(digest, 1, 16), amount,
      (SELECT id FROM word WHERE text = currency), run, state, attempts, 0, NULL, NULL,
      CAST(attempted_at * 1000 AS INTEGER), CAST(decided_at * 1000 AS INTEGER),
      CAST(seconds * 1000 AS INTEGER),
      duplicate, (SELECT id FROM word WHERE text = status), detail,
      CASE WHEN state = 5 AND attempts > 0 AND status IS NOT 'ERROR' THEN 1 END, NULL, NULL
      FROM item_2 ORDER BY position;
    DROP TABLE item_2;
    CREATE UNIQUE INDEX item_key ON item (number, type, seller, repeat);
    CREATE INDEX item_open ON item (state) WHERE {OPEN};
    CREATE INDEX item_decided ON item (run, state, sequence) WHERE {DECIDED};
    CREATE TABLE archived (
      number INTEGER NOT NULL, type INTEGER NOT NULL, seller INTEGER NOT NULL, repeat INTEGER NOT NULL,
      digest BLOB NOT NULL, date INTEGER NOT NULL, run INTEGER NOT NULL,
      PRIMARY KEY (number, type, seller, repeat)
    ) WITHOUT ROWID;
    CREATE TABLE known (
      run INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (run, position)
    ) WITHOUT ROWID;
    CREATE TABLE decided (
      run INTEGER NOT NULL, period INTEGER NOT NULL, state INTEGER NOT NULL, count INTEGER NOT NULL,
      PRIMARY KEY (run, period, state)
    ) WITHOUT ROWID;
    INSERT INTO decided SELECT run, coalesce(decided_at, 0) / 10000, state, count(*) FROM item
      WHERE {DECIDED} GROUP BY 1, 2, 3;
    ALTER TABLE refusal ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
    UPDATE refusal SET run = (SELECT coalesce(max(id), 0) FROM run);
    CREATE INDEX refusal_run ON refusal (run);
    UPDATE former SET digest = substr(digest, 1, 16);
    ALTER TABLE former ADD COLUMN sequence INTEGER;
    ALTER TABLE former ADD COLUMN date INTEGER;
    ALTER TABLE numbered ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX numbered_number ON numbered (number);
    CREATE INDEX numbered_run ON numbered (run);
    CREATE TABLE owner (fingerprint TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE form (form TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE write (
      id INTEGER PRIMARY KEY, operation TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL,
      facts TEXT NOT NULL, run INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
      attempted_at INTEGER, ends_at INTEGER, decided_at INTEGER, status TEXT, detail TEXT, form TEXT,
      UNIQUE (operation, key)
    );
    CREATE INDEX write_open ON write (state) WHERE {OPEN};
    CREATE TABLE write_name (
      operation TEXT NOT NULL, name TEXT NOT NULL, write INTEGER NOT NULL, PRIMARY KEY (operation, name)
    ) WITHOUT ROWID;
    CREATE INDEX write_name_write ON write_name (write);
    CREATE TABLE payload (position INTEGER PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE write_payload (write INTEGER PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE progress (
      id INTEGER PRIMARY KEY CHECK (id = 1), commits INTEGER NOT NULL, sequence INTEGER NOT NULL
    );
    INSERT INTO progress VALUES (1, 0, 1);
    DELETE FROM meta WHERE name IN ('inputs', 'run', 'run_at', 'expected');
    """,
    # How the inputs of a run were read.
    "ALTER TABLE run ADD COLUMN reading TEXT NOT NULL DEFAULT '';",
)
VERSION = len(MIGRATIONS)
"""The version of the tables that this version of the SDK writes."""


def migrate(connection: sqlite3.Connection) -> None:
    """Update the tables to this version, in one transaction: after a crash they are as before, or updated.

    A new file is the same case: it has all of the way before it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    steps = MIGRATIONS[version:]
    if steps:
        connection.execute("PRAGMA synchronous = FULL")
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
        connection.executescript(f"BEGIN IMMEDIATE; {marks} {' '.join(steps)} COMMIT;")


@cache
def current_form() -> frozenset[tuple[str, str]]:
    """Return the tables and indexes of this version, as pairs of kind and name."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        migrate(made)
        return form_of(made)


def form_of(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """Return the tables and indexes of a file, as pairs of kind and name."""
    found = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'index')")
    return frozenset(found)
