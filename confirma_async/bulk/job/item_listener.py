"""Listeners for the outcomes of items: the channel of a job, the callers of an outbox, the worker of a chunk.

A job also counts the items that it has taken up and not finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from attrs import define, field, frozen

from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.evidence.tasks import Task
from confirma_async.bulk.models import Outcome, RefusedRecord, State
from confirma_async.bulk.reporting import outcomes

CAPACITY = 256
"""Outcomes that may wait for the consumer before the job reads no further."""


class ItemListener(Protocol):
    """Is called with the outcome of each item, once it is durable."""

    def decided(self, task: Task, found: Classification) -> None:
        """Take the outcome of an item that the run has finished.

        The item is accepted, rejected, pending because nothing was sent, or left unknown.
        """
        ...

    def unknown(self, task: Task, found: Classification) -> None:
        """Take note that the outcome of an item is unknown; the run looks it up from now on."""
        ...

    def refused(self, task: Task, refusal: RefusedRecord) -> None:
        """Take note that an item was not sent because a document is missing; the run has finished it."""
        ...

    def dropped(self, task: Task) -> None:
        """Take note that the run drops an item, because it sends nothing new; the journal keeps its state."""
        ...


class OutcomeChannel:
    """A queue of outcomes to one consumer, in the order in which they became durable.

    While ``CAPACITY`` outcomes wait, the job reads no further. Once the consumer has closed the channel,
    outcomes are dropped.
    """

    def __init__(self) -> None:
        self._waiting: list[Outcome] = []
        self._changed = asyncio.Event()
        self._capacity = asyncio.Event()
        self._capacity.set()
        self._open = True
        self._finished = False

    def put(self, outcome: Outcome) -> None:
        """Add an outcome that is durable."""
        if self._open:
            self._waiting.append(outcome)
            self._changed.set()
            if len(self._waiting) >= CAPACITY:
                self._capacity.clear()

    async def wait_for_capacity(self) -> None:
        """Wait until the consumer has caught up."""
        await self._capacity.wait()

    async def get(self) -> Sequence[Outcome]:
        """Wait for outcomes, and return all that wait; an empty sequence after ``finish``."""
        while not self._waiting and not self._finished:
            self._changed.clear()
            await self._changed.wait()
        found, self._waiting = self._waiting, []
        self._capacity.set()
        return found

    def close(self) -> None:
        """Drop all outcomes from now on, because the consumer has gone. The journal has them."""
        self._open = False
        self._waiting = []
        self._capacity.set()

    def finish(self) -> None:
        """End the channel: there are no more outcomes."""
        self._finished = True
        self._changed.set()


@define
class OpenItems:
    """Counts the items that the run has taken up and not finished.

    Attributes:
        count: The number of these items.
        none_left: Set while there are none.
    """

    count: int = field(init=False, default=0)
    none_left: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self.none_left.set()

    def take_up(self) -> None:
        """Count one item more."""
        self.count += 1
        self.none_left.clear()

    def finish(self) -> None:
        """Count one item less."""
        self.count -= 1
        if self.count == 0:
            self.none_left.set()


@frozen
class JobListener:
    """Puts outcomes into the channel of a job, and counts the items that are not finished.

    Attributes:
        channel: Gets each outcome.
        open_items: Counts the items that are taken up and not finished.
    """

    channel: OutcomeChannel
    open_items: OpenItems

    def decided(self, task: Task, found: Classification) -> None:
        """Put an outcome into the channel, unless the item is pending again; count one item less."""
        if found.state is not State.PENDING:
            self.channel.put(outcomes.decided(task.entry, found, unproven=task.unproven))
        self.open_items.finish()

    def unknown(self, task: Task, found: Classification) -> None:
        """Do nothing: the item is looked up before its outcome is reported."""

    def refused(self, task: Task, refusal: RefusedRecord) -> None:  # noqa: ARG002 (the record names it)
        """Put the outcome of a refused record into the channel; count one item less."""
        self.channel.put(outcomes.refused(refusal))
        self.open_items.finish()

    def dropped(self, task: Task) -> None:  # noqa: ARG002 (whichever it is, one less is open)
        """Count one item less, and report nothing."""
        self.open_items.finish()
