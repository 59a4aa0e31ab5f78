"""Reconciles an account, and stores each difference, since when it is known, and its explanation."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from attrs import evolve

from confirma_async.bulk.journal_places import JournalPlace
from confirma_async.converters import Converter
from confirma_async.errors import MirrorError
from confirma_async.mirror.events.event_types import EventRow
from confirma_async.mirror.journals import take_in
from confirma_async.mirror.projections import moment
from confirma_async.mirror.reconciliation.facts import facts_of
from confirma_async.mirror.reconciliation.kinds import Difference, Horizons
from confirma_async.mirror.reconciliation.report import Reconciliation, compare
from confirma_async.mirror.store.accounts import MirroredAccount
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.write_session import WriteSession
from confirma_async.mirror.store.writing import put_events


def reconcile(
    database: MirrorDatabase,
    account: MirroredAccount,
    journals: Sequence[JournalPlace],
    horizons: Horizons,
    now: datetime.datetime,
) -> Reconciliation:
    """Compare the journals with the mirror, and store the differences.

    Args:
        database: The mirror, which nobody else writes to.
        account: The account to reconcile.
        journals: The journals of the account, which are read anew; without any, the copy of an earlier run
            is used.
        horizons: How long the service may take to list an invoice, and to pay out a payment.
        now: The moment of the reconciliation.

    Raises:
        MirrorError: the mirror cannot be written, or a journal is of another target or account.
        JournalError: a journal cannot be read.
    """
    if journals:
        take_in(database, account, journals)
    found = compare(facts_of(database, account, now), horizons, account.name, account.target)
    ((synced,),) = database.rows(
        "SELECT max(began_at) FROM run WHERE account = ? AND ending = 'done'", (account.id,)
    )
    with database.transaction():
        return evolve(_kept(database, account, found), synced_at=synced)


def explain(
    database: MirrorDatabase, account: MirroredAccount, name: str, note: str, now: datetime.datetime
) -> None:
    """Store a person's explanation of a difference; it is valid as long as the difference does not change.

    Args:
        database: The mirror.
        account: The account of the difference.
        name: The id of the difference (``Difference.id``).
        note: The explanation, in words.
        now: The moment of the explanation.

    Raises:
        MirrorError: there is no difference of that name.
    """
    with database.transaction():
        known = database.rows("SELECT 1 FROM difference WHERE account = ? AND id = ?", (account.id, name))
        if not known:
            raise MirrorError(
                f"there is no difference {name} in {database.name}; mirror.reconcile() lists them"
            )
        database.run(
            "INSERT INTO explained VALUES (?, ?, ?, ?) ON CONFLICT (account, id) DO UPDATE SET "
            "note = excluded.note, at = excluded.at",
            (account.id, name, note, moment(now)),
        )


def _kept(database: MirrorDatabase, account: MirroredAccount, found: Reconciliation) -> Reconciliation:
    at = moment(found.made_at) or ""
    known = {
        name: (first, closed)
        for name, first, closed in database.rows(
            "SELECT id, first_seen, closed_at FROM difference WHERE account = ?", (account.id,)
        )
    }
    notes: dict[str, str] = dict(
        database.rows("SELECT id, note FROM explained WHERE account = ?", (account.id,))
    )
    now = {each.id for each in found.differences}
    closed = [name for name, (_, closed_at) in known.items() if closed_at is None and name not in now]
    database.many(
        "INSERT INTO difference VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT (account, id) DO UPDATE SET "
        "last_seen = excluded.last_seen, closed_at = NULL",
        [(account.id, each.id, each.kind.value, at, at) for each in found.differences],
    )
    database.many(
        "UPDATE difference SET closed_at = ? WHERE account = ? AND id = ?",
        [(at, account.id, name) for name in closed],
    )
    put_events(
        WriteSession(database=database, account=account.id, run=0, now=found.made_at, converter=Converter()),
        [_event(each) for each in found.differences if each.id not in known],
    )
    return evolve(
        found,
        differences=[
            evolve(each, note=notes.get(each.id), first_seen=known.get(each.id, (at, None))[0])
            for each in found.differences
        ],
        closed=closed,
    )


def _event(new: Difference) -> EventRow:
    data = {
        "id": new.id,
        "kind": new.kind.value,
        "subject": new.subject,
        "amount_cents": new.cents,
        "currency": new.currency,
    }
    return f"evt_{new.id}", "difference.found", new.subject, data
