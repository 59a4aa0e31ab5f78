"""A journal whose invoices one process plans, and workers on any number of machines send.

The planning run admits invoices as any run does, but keeps none in its hands: they are pending. The same
transaction writes their bodies into a chunk and queues the chunk. Workers claim the items of a chunk, except
rows that another transaction has locked. An item counts for the run that planned it. Its holder is the run of
the worker, and a worker can change an item only while that run has its lease.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from confirma_async.bulk.journal.admission import TAKEN_UP
from confirma_async.bulk.journal.records import Admission, Admitted, Version
from confirma_async.bulk.machines.packing import Bundle, packed_of, unpacked
from confirma_async.bulk.machines.queue import (
    QUEUE_SCHEMA,
    hurry_chunks,
    make_queue,
    queue_chunks,
    queue_form,
)
from confirma_async.bulk.models import Entry, Retry, Row, State
from confirma_async.bulk.postgres.connection.text_forms import array_text, data_array
from confirma_async.bulk.postgres.journal import PostgresJournal
from confirma_async.bulk.postgres.migrations import OPEN
from confirma_async.bulk.postgres.opening import open_tables
from confirma_async.bulk.postgres.runs import PLANNED
from confirma_async.errors import JournalError

LOOK_AGAIN = 60.0
"""Seconds until a chunk is due again of which invoices are in a worker's hands or unknown; doubled each
time."""

LONGEST_PAUSE = 3600.0
"""Seconds until a chunk is due again, at most."""

_WORKERS = "SELECT count(*) FROM run WHERE worker IS NOT NULL AND lease_until > clock_timestamp()"
"""Counts the workers that are alive."""

_CHUNK = (
    "SELECT body, positions, ARRAY(SELECT DISTINCT holder FROM item WHERE position = ANY(positions) "
    "AND holder IS NOT NULL) FROM planned_chunk WHERE id = %s"
)

_CLAIMED = (
    "WITH claimed AS (UPDATE item SET holder = %s, state = CASE state WHEN 0 THEN 1 ELSE state END, "
    "chunk = coalesce(chunk, %s) "  # it may have been set aside by another version
    f"WHERE position = ANY(ARRAY(SELECT position FROM item WHERE position = ANY(%s) AND {OPEN} "
    "AND holder IS NULL AND digest = ANY(%s) FOR UPDATE SKIP LOCKED)) "
    "RETURNING position, run, state = 1 AND attempts = 0 AS is_new) SELECT run, array_agg(position), "
    "array_agg(position) FILTER (WHERE NOT is_new) FROM claimed GROUP BY run"
)
"""Claims the items that no run has in its hands, and whose digests are those of the chunk.

A body holds the invoice number, so no two items have the same digest. Rows that another transaction has
locked are left out: a claim waits for nobody.
"""

_SET_ASIDE = (
    f"SELECT count(*) FILTER (WHERE {OPEN} AND item.chunk IS NULL), "
    f"count(*) FILTER (WHERE {OPEN} AND item.chunk = planned_chunk.id), "
    "array_agg(DISTINCT item.run) || planned_chunk.run FROM planned_chunk "
    "LEFT JOIN item ON position = ANY(positions) WHERE planned_chunk.id = %s GROUP BY planned_chunk.id"
)
"""Counts the open items of a chunk that were set aside, and those that are still in it; names their runs."""

_STANDING = (
    f"SELECT looks, keep_days, count(*) FILTER (WHERE {OPEN} AND chunk = planned_chunk.id), "
    f"count(*) FILTER (WHERE {OPEN} AND chunk = planned_chunk.id AND state = 0), "
    "array_agg(DISTINCT item.run) || planned_chunk.run "  # a later plan may have taken them up
    "FROM planned_chunk JOIN run ON run.id = planned_chunk.run LEFT JOIN item ON position = ANY(positions) "
    "WHERE planned_chunk.id = %s GROUP BY planned_chunk.id, keep_days"
)
"""Counts the open and the pending items of a chunk, and names the runs that its items count for."""

_CONTENTS = (
    "SELECT body, positions, ARRAY(SELECT at FROM unnest(positions) WITH ORDINALITY AS p(at, place) "
    f"WHERE EXISTS (SELECT 1 FROM item WHERE position = at AND {OPEN} AND chunk = planned_chunk.id) "
    "ORDER BY place) FROM planned_chunk WHERE id = %s"
)
"""Reads a chunk: its bodies, all positions, and the positions of the open items that belong to it."""

_KEPT = (
    "INSERT INTO kept_body (chunk, positions, body, until) "
    "VALUES (%s, %s, %b, clock_timestamp() + make_interval(days => %s))"
)


def open_planned(url: str) -> PlannedJournal:
    """Open a journal for planning or for a worker; make its tables and its queue where they are missing.

    Raises:
        JournalError: see ``open_postgres``; or the queue is of another version, and workers run on it.
        JournalMismatchError: the journal is of a newer version.
        ConfigurationError: the URL is of another kind of database.
    """
    opened = PlannedJournal(*open_tables(url, alone=False))
    try:
        with opened.transaction():
            opened.prepare_queue()
            opened.forget_bodies()
            opened.runs.end_all_sent(time.time())  # whoever sent the last of one may have died right then
    except BaseException:
        opened.close()
        raise
    return opened


class PlannedJournal(PostgresJournal):
    """A journal in a database with planned chunks."""

    def prepare_queue(self) -> None:
        """Make the queue where there is none, or where it is of another version.

        Raises:
            JournalError: workers run on the queue of another version.
        """
        self._tables.lock()
        form = queue_form()
        there = self._one("SELECT (to_regnamespace(%s) IS NOT NULL)::int", QUEUE_SCHEMA)
        if there and self._tables.kept().get("queue") == form:
            return
        if there and self._one(_WORKERS):
            raise JournalError(
                f"the queue of the journal {self.name} is of another version of procrastinate, and workers "
                "run on it; stop them, then run this again, and begin them with the same version"
            )
        make_queue(self._session)
        self._tables.keep({"queue": form})
        self.queue_lost()

    def queue_lost(self) -> int:
        """Queue the chunks that are missing from the queue; return their number."""
        lost = [
            chunk
            for (chunk,) in self._all(
                "SELECT id FROM planned_chunk WHERE id NOT IN (SELECT (args->>'chunk')::bigint "
                f"FROM {QUEUE_SCHEMA}.procrastinate_jobs WHERE status IN ('todo', 'doing')) ORDER BY id"
            )
        ]
        queue_chunks(self._session, lost)
        return len(lost)

    # --- planning -----------------------------------------------------------------------------------

    def plan(self, bundle: Bundle, run: int, retry: Retry = Retry.NONE) -> Sequence[Admitted]:
        """Admit entries for workers to send, and queue a chunk of those that need sending.

        An entry that an earlier plan has queued with the same contents is not queued again.

        Args:
            bundle: The invoices, packed already, so that the lock of admission is held only for a short time.
            run: The number of the run that plans.
            retry: Which rejected invoices are sent again.

        Returns:
            The journal's answer to each entry.
        """
        chunk, entries = self._one("SELECT nextval('planned_chunk_id')"), bundle.entries
        admitted = self.admit(entries, run, retry, planned=chunk)
        taken = [both for both in zip(entries, admitted, strict=True) if both[1].admission in TAKEN_UP]
        queued = self._queued(
            [one.position for entry, one in taken if one.row is not None and one.row.digest == entry.digest]
        )
        hurry_chunks(self._session, {*queued.values()})
        planned = [(entry, one) for entry, one in taken if one.position not in queued]
        if planned:
            if len(planned) < len(entries):
                bundle = Bundle.of([entry for entry, _ in planned])
            self._do(
                "INSERT INTO planned_chunk (id, run, positions, body) VALUES (%s, %s, %s, %b)",
                chunk, run, array_text(one.position for _, one in planned), bundle.packed,
            )  # fmt: skip
            known = [one.position for _, one in planned if one.row is not None]
            if known:  # what is new is in the chunk already
                self._do(
                    "UPDATE item SET chunk = %s WHERE position = ANY(%s) AND chunk IS DISTINCT FROM %s",
                    chunk, array_text(known), chunk,
                )  # fmt: skip
            queue_chunks(self._session, [chunk])
        return admitted

    def _queued(self, positions: Sequence[int]) -> dict[int, int]:
        """Return the items that an earlier plan has queued, and the chunk of each."""
        query = (
            "SELECT position, chunk FROM item JOIN planned_chunk ON planned_chunk.id = item.chunk "
            "AND position = ANY(positions) WHERE position = ANY(%s)"
        )
        return dict(self._all(query, array_text(positions))) if positions else {}

    def keep_bodies(self, run: int, days: int) -> None:
        """Keep the bodies of a planned run for some days after its invoices are final."""
        self._do("UPDATE run SET keep_days = %s WHERE id = %s", days, run)

    def hand_over(self, run: int, *, now: float) -> None:
        """End the planning of a run; the run itself ends once the workers have sent its invoices.

        Args:
            run: The number of the run.
            now: The current time; seconds since 1970.
        """
        self._tables.lock()  # else neither this nor who finishes the last chunk just now sees the other
        self._do("UPDATE run SET ending = %s, lease_until = NULL WHERE id = %s", PLANNED, run)
        self._runs.end_sent([run], now)  # workers may have been faster, and there may be nothing to send
        if run == self._run:
            self._session.lease.let_go()

    # --- sending ------------------------------------------------------------------------------------

    def become_worker(self, run: int, name: str, per_second: float | None = None) -> float:
        """Mark a run as that of a worker, which has no invoices of its own.

        Args:
            run: The number of the run.
            name: The name of the worker: its machine, its process, and a random part.
            per_second: Calls per second of all workers together from now on; None keeps the present rate, and
                removes it where no other worker is alive.

        Returns:
            Calls per second of all workers together; infinity where no rate is set.
        """
        self._tables.lock()
        if not self._one(_WORKERS):
            self._do("DELETE FROM rate")
        self._do("UPDATE run SET worker = %s WHERE id = %s", name, run)
        ((found,),) = self._all(
            "INSERT INTO rate (per_second) VALUES (coalesce(%s, 'infinity'::float8)) "
            "ON CONFLICT (one) DO UPDATE SET per_second = coalesce(%s, rate.per_second), "
            "next_at = least(rate.next_at, clock_timestamp() + make_interval(secs => 1 / %s::float8)) "
            "RETURNING per_second",
            per_second, per_second, per_second,
        )  # fmt: skip
        return float(found)

    def take(self, chunk: int) -> Sequence[tuple[Entry, Admitted]]:
        """Claim those invoices of a chunk for this worker that are open and that no run has in its hands.

        Args:
            chunk: The number of the chunk. Nothing is claimed if the chunk is gone.

        Returns:
            The invoices to send, each with the journal's answer.

        Raises:
            UnreadableBodiesError: the bodies cannot be read; see ``set_aside``.
        """
        found = self._session.execute(_CHUNK, (chunk,), binary=True).fetchone()
        if found is None:
            return []
        body, positions, holders = found
        if self._holders.are_over(holders):
            self._tables.lock()
            self._holders.release_dead()
        entries = unpacked(body, len(positions))
        digests = data_array(entry.digest for entry in entries)
        claimed = list(self._all(_CLAIMED, self._run, chunk, array_text(positions), digests))
        runs = {position: run for run, some, _ in claimed for position in some}
        before = [position for _, _, some in claimed for position in some or ()]
        known = self._items.query("WHERE position = ANY(%s)", array_text(before)) if before else ()
        rows = {row.position: row for row in known}
        self._counts.take_up(runs)
        return [
            (entry, self._admitted(rows.get(position), position))
            for position, entry in zip(positions, entries, strict=True)
            if position in runs
        ]

    def set_aside(self, chunk: int, *, now: float) -> int:
        """Take the invoices out of a chunk that cannot be read, so that the next plan queues them anew.

        Until then the chunk is kept, and queued again after the longest pause: another version of the SDK may
        be able to read it. Invoices in the hands of other runs stay with the chunk.

        Args:
            chunk: The number of the chunk.
            now: The current time; seconds since 1970.

        Returns:
            The number of its invoices that are open and not planned again yet.
        """
        self._tables.lock()
        self._holders.release_dead()
        self._do(f"UPDATE item SET chunk = NULL WHERE chunk = %s AND {OPEN} AND holder IS NULL", chunk)
        found = next(self._all(_SET_ASIDE, chunk), None)
        if found is None:
            return 0
        left, held, runs = found
        if left or held:
            queue_chunks(self._session, [chunk], seconds=LONGEST_PAUSE)
        else:
            self._do("DELETE FROM planned_chunk WHERE id = %s", chunk)
            self._runs.end_sent(runs, now)
        return int(left)

    def _admitted(self, row: Row | None, position: int) -> Admitted:
        if row is None:
            return Admitted(Admission.CLAIMED, position)
        admission = Admission.UNKNOWN if row.state is State.UNKNOWN else Admission.CLAIMED
        sent: Version | None = self._keeper.version_sent(row.position) if row.attempts else None
        return Admitted(admission, row.position, row, sent)

    def finish(self, chunk: int, *, now: float, drained: bool = False) -> int:
        """Remove a chunk if all its invoices are final; otherwise queue it again with the open ones.

        The bodies of final invoices are removed, unless they are kept for some days.

        Args:
            chunk: The number of the chunk.
            now: The current time; seconds since 1970.
            drained: Whether this worker ends, so that other workers take the chunk at once.

        Returns:
            The number of its invoices that are not final.
        """
        self._tables.lock()
        found = next(self._all(_STANDING, chunk), None)
        if found is None:
            return 0
        looks, keep_days, left, pending, runs = found
        left = self._part_with_final(chunk, keep_days, left)
        self._runs.end_sent(runs, now)  # that of a later plan may have had no more of it than is gone now
        if not left:
            return 0
        if drained and pending:
            queue_chunks(self._session, [chunk])
            return int(left)
        self._do("UPDATE planned_chunk SET looks = looks + 1 WHERE id = %s", chunk)
        pause = min(LONGEST_PAUSE, (1.0 if pending else LOOK_AGAIN) * 2.0 ** min(looks, 12))
        queue_chunks(self._session, [chunk], seconds=pause)
        return int(left)

    def _part_with_final(self, chunk: int, keep_days: int | None, left: int) -> int:
        """Remove the final invoices from a chunk, or the whole chunk where no open one is left.

        Another worker may have finished some of its invoices meanwhile.

        Args:
            chunk: The number of the chunk.
            keep_days: Days for which its bodies are kept once they are final; None for none.
            left: The number of its invoices that were open before.

        Returns:
            The number of those that still are.
        """
        if not left and keep_days is None:  # nearly always: nothing is to be read
            self._do("DELETE FROM planned_chunk WHERE id = %s", chunk)
            return 0
        body, positions, still = next(self._all(_CONTENTS, chunk))
        open_ = frozenset(still)
        final = [position for position in positions if position not in open_]
        if final and keep_days is not None:
            self._do(_KEPT, chunk, array_text(final), packed_of(body, positions, final), keep_days)
        if not still:
            self._do("DELETE FROM planned_chunk WHERE id = %s", chunk)
        elif final:
            self._do(
                "UPDATE planned_chunk SET positions = %s, body = %b WHERE id = %s",
                array_text(still), packed_of(body, positions, still), chunk,
            )  # fmt: skip
        return len(still)

    def has_more(self) -> bool:
        """Say whether a planned invoice is to be sent or under way, or a chunk is due for a lookup.

        An invoice may be in the hands of a dead worker; its chunk is queued again.
        """
        return bool(
            self._one(
                f"SELECT (EXISTS (SELECT 1 FROM item WHERE {OPEN} AND chunk IS NOT NULL AND state <> %s) "
                f"OR EXISTS (SELECT 1 FROM {QUEUE_SCHEMA}.procrastinate_jobs WHERE status = 'todo' "
                "AND coalesce(scheduled_at, now()) <= now()))::int",
                State.UNKNOWN,
            )
        )

    def forget_bodies(self) -> int:
        """Remove the bodies that were kept for their number of days; return how many chunks were removed.

        The server's write-ahead log and its backups may still hold the removed bodies.
        """
        return self._do("DELETE FROM kept_body WHERE until <= clock_timestamp()")
