"""The tables of the journal, version by version. A published step never changes: add a new one.

Moments and durations are milliseconds, days proleptic ordinals, amounts hundredths, as in the file. An index
holds no column that changes while an invoice is under way: those changes then touch no index.
"""

from __future__ import annotations

from collections.abc import Sequence

SCHEMA = "confirma_journal"
"""The database schema with the tables, apart from those of other programs."""

OLDEST_SERVER = 14
"""The oldest major version of PostgreSQL that is supported."""

OPEN = "verdict IS NULL"
"""The condition of items that are not final; a query must hold it word for word to use the index."""

DECIDED = "verdict IS NOT NULL"
"""The condition of items that are final; a query must hold it word for word to use the index."""

MIGRATIONS: Sequence[str] = (
    f"""
    CREATE TABLE {SCHEMA}.meta (name text PRIMARY KEY, value text NOT NULL);
    CREATE SEQUENCE {SCHEMA}.attempt;
    SELECT setval('{SCHEMA}.attempt', 1);
    CREATE TABLE {SCHEMA}.run (
      id bigint PRIMARY KEY, began_at bigint NOT NULL, ended_at bigint, ending text, expected bigint,
      inputs text NOT NULL, known bigint NOT NULL DEFAULT 0, allowed text NOT NULL,
      incarnation uuid NOT NULL, term text NOT NULL, lease_until timestamptz
    ) WITH (fillfactor = 50);
    CREATE TABLE {SCHEMA}.written (
      incarnation uuid, number bigint, PRIMARY KEY (incarnation, number)
    );
    CREATE TABLE {SCHEMA}.item (
      position bigint PRIMARY KEY, number bigint NOT NULL, type text NOT NULL, seller text NOT NULL,
      repeat integer NOT NULL, date integer NOT NULL, source text NOT NULL, digest bytea NOT NULL,
      amount bigint, currency text NOT NULL, run bigint NOT NULL, state smallint NOT NULL,
      verdict smallint, attempts integer NOT NULL DEFAULT 0, sequence bigint, place bigint, ended bigint,
      ends_at bigint, attempted_at bigint, decided_at bigint, took bigint,
      duplicate boolean NOT NULL DEFAULT false, status text, detail text, says_no boolean, form text,
      holder bigint,
      CHECK ((verdict IS NOT NULL) = (state IN (4, 5))),
      CHECK (holder IS NOT NULL OR state NOT IN (1, 2)),
      CHECK (holder IS NULL OR state NOT IN (0, 4, 5))
    ) WITH (fillfactor = 80);
    CREATE UNIQUE INDEX item_key ON {SCHEMA}.item (number, type, seller, repeat);
    CREATE INDEX item_open ON {SCHEMA}.item (position) WHERE {OPEN};
    CREATE INDEX item_decided ON {SCHEMA}.item (verdict, run, place) WHERE {DECIDED};
    CREATE TABLE {SCHEMA}.archived (
      number bigint, type text, seller text, repeat integer, digest bytea NOT NULL, date integer NOT NULL,
      run bigint NOT NULL, PRIMARY KEY (number, type, seller, repeat)
    );
    CREATE TABLE {SCHEMA}.known (run bigint, position bigint, PRIMARY KEY (run, position));
    CREATE TABLE {SCHEMA}.decided (
      run bigint, period bigint, state smallint, count bigint NOT NULL, PRIMARY KEY (run, period, state)
    ) WITH (fillfactor = 50);
    CREATE TABLE {SCHEMA}.former (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, position bigint NOT NULL,
      at double precision NOT NULL, state smallint NOT NULL, digest bytea NOT NULL, status text, detail text,
      note text NOT NULL,
      sequence bigint, date integer NOT NULL
    );
    CREATE INDEX former_position ON {SCHEMA}.former (position);
    CREATE TABLE {SCHEMA}.refusal (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run bigint NOT NULL, source text NOT NULL,
      number text, rule text NOT NULL, path text NOT NULL, message text NOT NULL
    );
    CREATE INDEX refusal_run ON {SCHEMA}.refusal (run);
    CREATE TABLE {SCHEMA}.numbered (
      seller text, type text, original text, number bigint NOT NULL, run bigint NOT NULL,
      PRIMARY KEY (seller, type, original)
    );
    CREATE INDEX numbered_number ON {SCHEMA}.numbered (number);
    CREATE INDEX numbered_run ON {SCHEMA}.numbered (run);
    CREATE TABLE {SCHEMA}.owner (fingerprint text PRIMARY KEY, at bigint NOT NULL);
    CREATE TABLE {SCHEMA}.form (form text PRIMARY KEY);
    CREATE SEQUENCE {SCHEMA}.write_id;
    CREATE TABLE {SCHEMA}.write (
      id bigint PRIMARY KEY, operation text NOT NULL, key text NOT NULL, digest bytea NOT NULL,
      facts text NOT NULL, run bigint NOT NULL, state smallint NOT NULL, attempts integer NOT NULL DEFAULT 0,
      attempted_at bigint, ends_at bigint, decided_at bigint, status text, detail text, form text,
      UNIQUE (operation, key)
    );
    CREATE INDEX write_open ON {SCHEMA}.write (id) WHERE state NOT IN (4, 5);
    CREATE TABLE {SCHEMA}.write_name (
      operation text, name text, write bigint NOT NULL, PRIMARY KEY (operation, name)
    );
    CREATE INDEX write_name_write ON {SCHEMA}.write_name (write);
    CREATE TABLE {SCHEMA}.payload (position bigint PRIMARY KEY, body bytea NOT NULL);
    CREATE TABLE {SCHEMA}.write_payload (write bigint PRIMARY KEY, body bytea NOT NULL);
    INSERT INTO {SCHEMA}.meta VALUES ('id', gen_random_uuid());
    """,
    # How the inputs of a run were read.
    f"ALTER TABLE {SCHEMA}.run ADD COLUMN reading text NOT NULL DEFAULT '';",
    f"""
    CREATE SEQUENCE {SCHEMA}.planned_chunk_id;
    CREATE TABLE {SCHEMA}.planned_chunk (
      id bigint PRIMARY KEY, run bigint NOT NULL, positions bigint[] NOT NULL, body bytea NOT NULL,
      looks integer NOT NULL DEFAULT 0
    );
    ALTER TABLE {SCHEMA}.planned_chunk ALTER COLUMN body SET STORAGE EXTERNAL;
    CREATE INDEX planned_chunk_run ON {SCHEMA}.planned_chunk (run);
    ALTER TABLE {SCHEMA}.item ADD COLUMN chunk bigint;
    ALTER TABLE {SCHEMA}.run ADD COLUMN worker text;
    CREATE TABLE {SCHEMA}.rate (
      one boolean PRIMARY KEY DEFAULT true CHECK (one), per_second double precision NOT NULL,
      next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      quiet_until timestamptz NOT NULL DEFAULT to_timestamp(0)
    ) WITH (fillfactor = 10);
    """,
    # When a run was over that did not end by itself.
    f"ALTER TABLE {SCHEMA}.run ADD COLUMN died_at timestamptz;",
    # A chunk is claimed as a whole: each page then has room for a second version of all that it holds.
    f"ALTER TABLE {SCHEMA}.item SET (fillfactor = 45);",
    # Bodies that are kept for some days after they are final.
    f"""
    ALTER TABLE {SCHEMA}.run ADD COLUMN keep_days integer;
    CREATE TABLE {SCHEMA}.kept_body (
      chunk bigint PRIMARY KEY, positions bigint[] NOT NULL, body bytea NOT NULL, until timestamptz NOT NULL
    );
    ALTER TABLE {SCHEMA}.kept_body ALTER COLUMN body SET STORAGE EXTERNAL;
    """,
    # The invoices of a chunk become final at different times, and so are their bodies kept.
    f"""
    ALTER TABLE {SCHEMA}.kept_body DROP CONSTRAINT kept_body_pkey;
    CREATE INDEX kept_body_chunk ON {SCHEMA}.kept_body (chunk);
    """,
    # No number of a run is given twice, also where the run that had it was rolled back.
    f"""
    CREATE SEQUENCE {SCHEMA}.run_id;
    SELECT setval('{SCHEMA}.run_id', coalesce(max(id), 0) + 1, false) FROM {SCHEMA}.run;
    """,
)
VERSION = len(MIGRATIONS)
"""The version of the tables that this version of the SDK writes."""
