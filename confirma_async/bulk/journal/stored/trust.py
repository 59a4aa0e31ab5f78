"""Reads and writes the doubt of a journal in its tables: whether it may not know all that was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from attrs import evolve

from confirma_async.bulk.journal.records import Doubt
from confirma_async.bulk.journal.rules import FAR
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.models import State

OF_DOUBT = ("doubt", "doubt_since", "doubt_settled", "doubt_service_time")
"""The names under which a journal keeps its doubt."""

_NOT_SENT = f"state IN ({State.PENDING:d}, {State.CLAIMED:d})"
_UNKNOWN = f"state = {State.UNKNOWN:d}"

OPEN_WRITES = "state NOT IN (4, 5)"
"""The condition of writes that are not final, word for word as in their index."""


class StoredTrust:
    """``Trust`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
        doubt: Why the journal may not know all that was sent; None where it does.
        release_dead: Releases what dead runs have left under way.
    """

    _lets_go: ClassVar[str] = ""
    """Further columns of an item that ``make_unsent_unknown`` sets, each with a comma behind it."""

    def __init__(
        self, tables: Tables, doubt: Doubt | None, release_dead: Callable[[], None] = lambda: None
    ) -> None:
        self._tables = tables
        self._doubt = doubt
        self._release_dead = release_dead

    def doubt(self) -> Doubt | None:
        """See ``Trust``."""
        return self._doubt

    @property
    def reason(self) -> str | None:
        """Why the journal may not know all that was sent; None where it does."""
        return None if self._doubt is None else self._doubt.reason

    def last_call(self) -> float | None:
        """Return the latest moment at which a call may have begun whose intent the journal has lost.

        Returns:
            Seconds since 1970; None where the journal is in no doubt.
        """
        return None if self._doubt is None else self._doubt.since

    def forgotten_until(self, now: float) -> float:
        """Return until when a call may go on whose intent the journal has lost; 0 where there can be none.

        Where the clock was far ahead as the doubt arose, nothing is known of it, and 0 is returned: only a
        person can know then.

        Args:
            now: The current time; seconds since 1970.
        """
        if self._doubt is None or self._doubt.since - now > FAR:
            return 0.0
        return self.last_call() or 0.0

    def take_back(self, doubt: Doubt | None) -> None:
        """Restore the doubt in memory after a transaction that was not written.

        Args:
            doubt: The doubt before the transaction.
        """
        self._doubt = doubt

    def make_unsent_unknown(self) -> bool:
        """Make UNKNOWN what this journal did not send: the journal that it was copied from may have sent it.

        Returns:
            Whether this call did so; it is done once for each doubt.
        """
        kept = self._tables.kept()
        self._doubt = doubt_in(kept)  # a person may have ended it since the journal was opened
        if self._doubt is None or "doubt_settled" in kept:
            return False
        change, is_open = self._tables.change, self._tables.is_open
        # An unknown one may have been sent again since: what was known of then proves nothing any more.
        change(f"UPDATE item SET ended = NULL, says_no = NULL, form = NULL WHERE {is_open} AND {_UNKNOWN}")
        change(
            f"UPDATE item SET {_UNKNOWN}, {self._lets_go}ended = NULL, detail = ? "
            f"WHERE {is_open} AND {_NOT_SENT}",
            self._doubt.reason,
        )
        change(
            f"UPDATE write SET {_UNKNOWN}, detail = ? WHERE {OPEN_WRITES} AND {_NOT_SENT}",
            self._doubt.reason,
        )
        self._tables.keep({"doubt_settled": "1"})
        return True

    def note_service_time(self, moment: float) -> None:
        """See ``Trust``."""
        self._tables.keep({"doubt_service_time": str(moment)})
        if self._doubt is not None:
            self._doubt = evolve(self._doubt, service_time=moment)

    def regain(self, now: float) -> int:
        """See ``Trust``."""
        tables = self._tables
        tables.lock()
        self._release_dead()  # what they looked up is nobody's, and is freed as well
        tables.change(f"DELETE FROM meta WHERE name IN {OF_DOUBT}")
        tables.keep({"trusted_at": str(now)})
        self._doubt = None
        pending = f"state = {State.PENDING:d}, detail = NULL"
        never_sent = f"{_UNKNOWN} AND attempts = 0"
        return tables.change(
            f"UPDATE write SET {pending} WHERE {OPEN_WRITES} AND {never_sent}"
        ) + tables.change(
            f"UPDATE item SET {pending} WHERE {tables.is_open} AND {never_sent} "
            "AND status IS NULL AND holder IS NULL"
        )  # else the list has shown it, or something of its number


def doubt_in(kept: Mapping[str, str]) -> Doubt | None:
    """Return the doubt out of the values that a journal keeps by name; None where it is in no doubt."""
    if "doubt" not in kept:
        return None
    at = kept.get("doubt_service_time")
    return Doubt(kept["doubt"], float(kept["doubt_since"]), None if at is None else float(at))
