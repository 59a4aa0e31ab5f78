"""Copies the invoices of journals into the mirror; the journals are only read."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from confirma_async.accounts.folders import LOCALHOST, target_of
from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal_places import JournalPlace, reading
from confirma_async.bulk.models import Row
from confirma_async.errors import MirrorError
from confirma_async.mirror.projections import cents, moment
from confirma_async.mirror.store.accounts import MirroredAccount
from confirma_async.mirror.store.database import MirrorDatabase

AT_ONCE = 5000
"""Number of rows that are written by one statement."""

_REPLACED = ("date", "amount_cents", "currency", "state", "status", "sent_at", "journal")
"""The columns that another journal replaces for an invoice that was not accepted by the first one's."""


def take_in(database: MirrorDatabase, account: MirroredAccount, journals: Sequence[JournalPlace]) -> int:
    """Copy the invoices of journals into the mirror, in place of an earlier copy.

    Args:
        database: The mirror.
        account: The account that the journals must belong to.
        journals: The journals: files, or URLs of databases.

    Returns:
        How many invoices were copied.

    Raises:
        JournalError: a journal cannot be read.
        MirrorError: a journal is of another target or another account.
    """
    for place in journals:
        with reading(place) as journal:
            _check(journal, account)
    count = 0
    with database.transaction():
        database.run("DELETE FROM sent WHERE account = ?", (account.id,))
        for place in journals:
            with reading(place) as journal:
                count += _copy(database, account, journal)
        database.run("UPDATE account SET journal = ? WHERE id = ?", (stamp_of(journals), account.id))
    return count


def last_read(database: MirrorDatabase, account: MirroredAccount) -> str | None:
    """Return the stamp (``stamp_of``) of the journals that were copied last; None before the first time."""
    ((stamp,),) = database.rows("SELECT journal FROM account WHERE id = ?", (account.id,))
    return stamp or None


def stamp_of(journals: Sequence[JournalPlace]) -> str:
    """Return a text that changes when the journals are written, so that unchanged ones are not read."""
    return "\n".join(map(_stamp, journals))


def _stamp(place: JournalPlace) -> str:
    if not isinstance(place, Path):  # a database does not show that: it is read each time
        return f"{place} {uuid.uuid4().hex}"
    parts: list[str] = [str(place)]
    for file in (place, place.with_name(f"{place.name}-wal")):
        try:
            stat = file.stat()
        except OSError:
            continue
        parts.append(f"{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}")
    return " ".join(parts)


def _check(journal: JournalReader, account: MirroredAccount) -> None:
    target = journal.ownership.target()
    if target is None:
        return
    at = target_of(target) if "://" in target else target
    if at != account.target and not (account.target == LOCALHOST and "sandbox" in at):
        raise MirrorError(
            f"the journal {journal.name} is of {at}, and the mirrored account {account.name} is one of "
            f"{account.target}; name a journal of that (journal=)"
        )
    name = journal.ownership.account()
    _, prints = journal.ownership.fingerprints()
    if name and name != account.name and set(prints).isdisjoint(account.prints):
        raise MirrorError(
            f"the journal {journal.name} belongs to the account {name}, and the mirror was asked for "
            f"{account.name}; name the journal of that account (journal=)"
        )


def _copy(database: MirrorDatabase, account: MirroredAccount, journal: JournalReader) -> int:
    """Copy the invoices of a journal that the service has, or may have; return how many."""
    sent = (row for row in journal.rows() if row.attempts or row.decided_at is not None)
    places = ", ".join("?" * 12)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in _REPLACED)
    count = 0
    while rows := [_row(account, journal.name, row) for row in islice(sent, AT_ONCE)]:
        database.many(
            f"INSERT INTO sent VALUES ({places}) ON CONFLICT (account, number, type, seller, repeat) DO "
            f"UPDATE SET {replaced} WHERE sent.state = 'rejected' "
            "OR (sent.state <> 'accepted' AND excluded.state = 'accepted')",
            rows,
        )
        count += len(rows)
    return count


def _row(account: MirroredAccount, name: str, row: Row) -> tuple[Any, ...]:
    at = row.attempted_at or row.decided_at
    return (
        account.id,
        str(row.key.number),
        row.key.type,
        row.key.seller,
        row.key.repeat,
        row.key.date,
        cents(row.amount),
        row.currency,
        row.state.name.lower(),
        row.status,
        None if at is None else moment(datetime.datetime.fromtimestamp(at, datetime.UTC)),
        name,
    )
