"""The tables of a mirror, in SQL that SQLite and PostgreSQL both read.

Money is a whole number of hundredths (``..._cents``): exact, and exact in every sum. Days and moments are
text in ISO 8601, moments in UTC. Whatever is read from the service lies in ``revision`` as it came; the
``..._data`` tables are made of its latest form, and can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

VERSION = 1
"""The version of the tables, as this version of the SDK writes them."""

MADE = f"INSERT INTO mirror (version) VALUES ({VERSION})"
"""The statement that writes the version into the tables."""

TABLES: Sequence[str] = (
    "CREATE TABLE mirror (version BIGINT NOT NULL)",
    """
    CREATE TABLE account (
        id BIGINT PRIMARY KEY,
        target TEXT NOT NULL,
        name TEXT NOT NULL,
        salt TEXT NOT NULL,      -- of the fingerprints
        prints TEXT NOT NULL,    -- of its keys, as JSON
        since TEXT NOT NULL,     -- the first day that is followed
        journal TEXT,            -- what the journal was like when it was last read
        UNIQUE (target, name)
    )
    """,
    """
    CREATE TABLE run (
        id BIGINT PRIMARY KEY,
        account BIGINT NOT NULL,
        began_at TEXT NOT NULL,
        ended_at TEXT,
        ending TEXT,
        calls BIGINT NOT NULL DEFAULT 0,
        records BIGINT NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE record (
        id BIGINT PRIMARY KEY,
        account BIGINT NOT NULL,
        stream TEXT NOT NULL,
        base TEXT NOT NULL,       -- what tells it apart: its natural key, else its content, as a digest
        hash TEXT NOT NULL,       -- of its latest content
        first_day TEXT NOT NULL,  -- the earliest and the latest day that it bears
        last_day TEXT NOT NULL,
        revision BIGINT NOT NULL,
        first_seen TEXT NOT NULL,
        missed_at TEXT,           -- when a proved window lacked it first, since it was seen last
        gone_since TEXT
    )
    """,
    "CREATE INDEX record_by_base ON record (account, stream, base)",
    "CREATE INDEX record_by_day ON record (account, stream, last_day)",
    """
    CREATE TABLE revision (
        record BIGINT NOT NULL,
        number BIGINT NOT NULL,
        seen_at TEXT NOT NULL,
        raw TEXT NOT NULL,        -- the JSON as the service returned it
        PRIMARY KEY (record, number)
    )
    """,
    """
    CREATE TABLE reading (
        account BIGINT NOT NULL,
        stream TEXT NOT NULL,
        first TEXT NOT NULL,
        last TEXT NOT NULL,
        read_at TEXT NOT NULL,
        proved_at TEXT,           -- when it was last read whole, and proved so
        proved_last TEXT,         -- the last day of that
        records BIGINT NOT NULL,
        pieces BIGINT NOT NULL,   -- into which it had to be cut
        reason TEXT,              -- why the last reading proved nothing
        PRIMARY KEY (account, stream, first)
    )
    """,
    """
    CREATE TABLE change (
        id BIGINT PRIMARY KEY,
        account BIGINT NOT NULL,
        run BIGINT NOT NULL,
        at TEXT NOT NULL,
        stream TEXT NOT NULL,
        kind TEXT NOT NULL,       -- new, changed, gone, back
        record BIGINT NOT NULL,
        revision BIGINT NOT NULL,
        pair BIGINT               -- what it may be another form of, where that is not certain
    )
    """,
    "CREATE INDEX change_by_run ON change (run)",
    """
    CREATE TABLE event (
        id BIGINT PRIMARY KEY,
        account BIGINT NOT NULL,
        name TEXT NOT NULL,       -- the same at every delivery
        at TEXT NOT NULL,
        type TEXT NOT NULL,
        subject TEXT NOT NULL,    -- the invoice or the case that it is about
        data TEXT NOT NULL,
        UNIQUE (account, name)
    )
    """,
    """
    CREATE TABLE consumer (
        account BIGINT NOT NULL,
        name TEXT NOT NULL,
        event BIGINT NOT NULL,    -- the last one that it has taken
        PRIMARY KEY (account, name)
    )
    """,
    """
    CREATE TABLE drift (
        account BIGINT NOT NULL,
        stream TEXT NOT NULL,
        path TEXT NOT NULL,
        kind TEXT NOT NULL,       -- unknown, or unreadable
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL,
        records BIGINT NOT NULL,
        PRIMARY KEY (account, stream, path, kind)
    )
    """,
    """
    CREATE TABLE watch (
        account BIGINT NOT NULL,
        case_id BIGINT NOT NULL,
        due_at TEXT,              -- when it is to be read next; null where never
        read_at TEXT,
        moved_at TEXT,            -- when its stage or status changed last
        steady TEXT,              -- the digest of what changes with an event only
        reason TEXT,
        PRIMARY KEY (account, case_id)
    )
    """,
    "CREATE INDEX watch_by_due ON watch (account, due_at)",
    """
    CREATE TABLE explained (
        account BIGINT NOT NULL,
        id TEXT NOT NULL,
        note TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (account, id)
    )
    """,
    """
    CREATE TABLE difference (
        account BIGINT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL,
        closed_at TEXT,
        PRIMARY KEY (account, id)
    )
    """,
    """
    CREATE TABLE sent (
        account BIGINT NOT NULL,
        number TEXT NOT NULL,
        type TEXT NOT NULL,
        seller TEXT NOT NULL,
        repeat TEXT NOT NULL,
        date TEXT NOT NULL,
        amount_cents BIGINT,
        currency TEXT NOT NULL,
        state TEXT NOT NULL,
        status TEXT,
        sent_at TEXT,
        journal TEXT NOT NULL,
        PRIMARY KEY (account, number, type, seller, repeat)
    )
    """,
    """
    CREATE TABLE distribution_data (
        record BIGINT PRIMARY KEY,
        account BIGINT NOT NULL,
        number TEXT,
        date TEXT,
        status TEXT,
        method TEXT,
        created_at TEXT,
        distributed_at TEXT,
        payment_control TEXT,
        case_id BIGINT,
        error TEXT
    )
    """,
    "CREATE INDEX distribution_by_number ON distribution_data (account, number)",
    "CREATE INDEX distribution_by_case ON distribution_data (account, case_id)",
    """
    CREATE TABLE payment_data (
        record BIGINT PRIMARY KEY,
        account BIGINT NOT NULL,
        case_id BIGINT,
        number TEXT,
        reference TEXT,           -- that the invoice asks for
        paid_reference TEXT,      -- that the payment came with
        account_name TEXT,
        booked_at TEXT,
        paid_at TEXT,
        amount_cents BIGINT,
        currency TEXT
    )
    """,
    "CREATE INDEX payment_by_case ON payment_data (account, case_id)",
    "CREATE INDEX payment_by_number ON payment_data (account, number)",
    """
    CREATE TABLE settlement_data (
        record BIGINT PRIMARY KEY,
        account BIGINT NOT NULL,
        settlement_id BIGINT,
        date TEXT,
        agency TEXT,
        remittance_reference TEXT,
        beneficiary TEXT,
        iban TEXT,
        amount_cents BIGINT,
        currency TEXT
    )
    """,
    """
    CREATE TABLE allocation_data (
        record BIGINT NOT NULL,   -- the settlement's
        position BIGINT NOT NULL,
        account BIGINT NOT NULL,
        allocation_id TEXT,
        date TEXT,
        case_id BIGINT,
        number TEXT,
        paid_reference TEXT,
        amount_cents BIGINT,
        capital_cents BIGINT,
        interest_cents BIGINT,
        fees_cents BIGINT,
        other_cents BIGINT,
        currency TEXT,
        PRIMARY KEY (record, position)
    )
    """,
    "CREATE INDEX allocation_by_case ON allocation_data (account, case_id)",
    "CREATE INDEX allocation_by_number ON allocation_data (account, number)",
    """
    CREATE TABLE case_data (
        record BIGINT PRIMARY KEY,
        account BIGINT NOT NULL,
        case_id BIGINT,
        status TEXT,
        stage TEXT,
        opened_at TEXT,
        closed_at TEXT,
        creditor TEXT,
        agency TEXT,
        currency TEXT,
        capital_cents BIGINT,
        interest_cents BIGINT,
        costs_cents BIGINT,
        total_cents BIGINT
    )
    """,
    "CREATE INDEX case_by_number ON case_data (account, case_id)",
)
"""The statements that make an empty database a mirror."""

PROJECTIONS: Mapping[str, str] = {
    "distribution_data": "distributions",
    "payment_data": "payments",
    "settlement_data": "settlements",
    "allocation_data": "settlements",
    "case_data": "cases",
}
"""The tables that are made from the records, each with the stream of its records."""
