"""Reads and writes the doubt of a journal in a PostgreSQL database."""

from __future__ import annotations

from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.journal.stored.values import milliseconds
from confirma_async.bulk.postgres.tables import PostgresTables


class PostgresTrust(StoredTrust):
    """``Trust`` over the tables of a journal in a database.

    Args:
        tables: Runs the statements on the database of the journal.
        doubt: Why the journal may not know all that was sent; None where it does.
        release_dead: Releases what dead runs have left under way.
    """

    _tables: PostgresTables
    _lets_go = "holder = NULL, "

    def make_unsent_unknown(self) -> bool:
        """Make UNKNOWN what this journal did not send; calls that it does not know may still be under way."""
        if not super().make_unsent_unknown():
            return False
        self._tables.change(
            f"UPDATE item SET ends_at = greatest(coalesce(ends_at, 0), ?) WHERE {self._tables.is_open}",
            milliseconds(self.last_call() or 0.0),
        )
        return True

    def last_call(self) -> float | None:
        """Return the latest moment at which a call may end whose intent the journal has lost.

        A run from before may have passed the gate, and may begin its call until its lease is over.

        Returns:
            Seconds since 1970; None where the journal is in no doubt.
        """
        return None if self._doubt is None else self._doubt.since + 2 * self.longest_lease

    @property
    def longest_lease(self) -> float:
        """The longest lease, in seconds, that a run of the journal has ever had."""
        return max(self._tables.session.lease.seconds, float(self._tables.kept().get("longest_lease", 0)))
