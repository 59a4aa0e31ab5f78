"""The form of the journal's file, version by version. What is published here never changes: add a step."""

from __future__ import annotations

from collections.abc import Sequence

OPEN = "state NOT IN (4, 5)"
"""The condition of the index on what is not decided; a query must hold it word for word to use the index."""

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
)
