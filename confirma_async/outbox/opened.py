"""What an outbox has while it is open: its run, the desks for its writes, and who listens to them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from weakref import WeakSet

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.models import JobOptions, State
from confirma_async.errors import JournalError
from confirma_async.outbox.events import EventStream, WriteEvent
from confirma_async.outbox.invoices.desk import InvoiceDesk
from confirma_async.outbox.writes.desk import WriteDesk
from confirma_async.session.hooks import OutboxState

FORGOTTEN_AFTER = 1.0
"""Seconds after which payloads that were kept are removed, at the latest, once they are final."""

logger: logging.Logger = logging.getLogger("confirma_async")


class OpenOutbox:
    """An outbox between its opening and its closing.

    Args:
        run: Its run in the journal.
        options: How its lookups go.
        keep: Whether payloads are kept until their writes are final.
        sellers: The sellers whose invoices it takes, in one spelling; None for all.

    Attributes:
        run: The run.
        invoices: The desk for invoices.
        writes: The desk for other writes.
    """

    def __init__(
        self, run: AccountRun, options: JobOptions, *, keep: bool, sellers: frozenset[str] | None
    ) -> None:
        self.run: AccountRun = run
        self.invoices: InvoiceDesk = InvoiceDesk(run, options, self._notify, keep=keep, sellers=sellers)
        self.writes: WriteDesk = WriteDesk(run, options.settle_seconds, self._notify, keep)
        self._keep = keep
        self._forgetting: asyncio.Task[None] | None = None
        self._streams = WeakSet[EventStream]()

    async def begin(self) -> None:
        """Take up what earlier runs left open.

        Raises:
            JournalError: the journal cannot be read or written.
        """
        await self.run.writer.run(_forget)
        await self.invoices.begin()
        await self.writes.begin()
        self._forgetting = asyncio.create_task(self._forget()) if self._keep else None
        self.run.pipeline.hooks.outbox_opened(self._state)

    async def close(self) -> None:
        """Send nothing new, wait for the writes under way, and close the journal.

        Raises:
            JournalError: the journal could not be written; the next run releases or looks up the open writes.
        """
        self.run.pipeline.hooks.outbox_closed(self._state)
        try:
            await self.invoices.close()
            await self.writes.close()
            await self.run.writer.run(_forget)
            await self._end_run()
        finally:
            if self._forgetting is not None:
                self._forgetting.cancel()
            for stream in tuple(self._streams):
                stream.end()
            await self.run.writer.close()

    def events(self) -> EventStream:
        """Return the changes of state from now on."""
        stream = EventStream(self._streams.discard)
        self._streams.add(stream)
        return stream

    async def _forget(self) -> None:
        """Remove the payloads of final writes from time to time."""
        while True:
            await asyncio.sleep(FORGOTTEN_AFTER)
            with contextlib.suppress(JournalError):  # raised for whoever writes next
                await self.run.writer.run(_forget)

    async def _end_run(self) -> None:
        run = self.run
        left = await run.writer.run(lambda journal: _left(journal, run.number))
        unknown, pending = left[State.UNKNOWN] + left[State.SENDING], left[State.PENDING]
        ending = f"not finished: {unknown} unknown, {pending} pending" if unknown or pending else "finished"
        await run.end(ending)
        if unknown or pending:
            logger.warning(
                "the outbox was closed with %d writes not sent and %d of unknown outcome; the journal %s has "
                "them",
                pending,
                unknown,
                run.writer.name,
            )

    def _notify(self, event: WriteEvent) -> None:
        """Put a durable change into the event streams."""
        for stream in tuple(self._streams):
            stream.put(event)

    def _state(self) -> OutboxState:
        """Return the writes that are open here; any thread may call this."""
        held = [*self.invoices.held.all(), *self.writes.held.all()]
        unknown = sum(one.reported is not None for one in held)
        since = min((one.since for one in held), default=None)
        return OutboxState(under_way=len(held) - unknown, unknown=unknown, since=since)


def _forget(journal: Journal) -> None:
    journal.payloads.forget_final()


def _left(journal: Journal, run: int) -> Counter[State]:
    """Put back the writes that a run has claimed, and count those that it leaves open, by state."""
    journal.runs.put_back(run)
    journal.writes.put_back(run)
    return Counter(dict(journal.figures.open_counts(run))) + Counter(dict(journal.writes.counts(run)))
