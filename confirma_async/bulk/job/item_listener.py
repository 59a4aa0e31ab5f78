"""Who gets the outcomes of the items of a run: the channel of a job, or the callers of an outbox.

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
    """Gets the outcome of each item, after it is durable."""

    def decided(self, task: Task, found: Classification) -> None:
        """Take the outcome of an item that the run has finished.

        The item is accepted, rejected, pending because nothing was sent, or left unknown.
        """
        ...

    def unknown(self, task: Task, found: Classification) -> None:
        """Note that the outcome of an item is unknown; the run looks it up from now on."""
        ...

    def refused(self, task: Task, refusal: RefusedRecord) -> None:
        """Note that an item was not sent because a document is missing; the run has finished it."""
        ...

    def dropped(self, task: Task) -> None:
        """Note that the run drops an item because nothing new is sent; the journal keeps its state."""
        ...


class OutcomeChannel:
    """Outcomes on their way to one consumer, several at a time, in the order in which they became durable.

    A slow consumer pauses the job's reading. A consumer that has closed the channel does not.
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
        """Wait for outcomes, and return all that have come; an empty sequence after ``finish``."""
        while not self._waiting and not self._finished:
            self._changed.clear()
            await self._changed.wait()
        found, self._waiting = self._waiting, []
        self._capacity.set()
        return found

    def close(self) -> None:
        """Drop the outcomes from now on: the consumer has gone. The journal has them."""
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
        count: How many there are.
        none_left: Set while there are none.
    """

    count: int = field(init=False, default=0)
    none_left: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self.none_left.set()

    def take_up(self) -> None:
        """Count one more."""
        self.count += 1
        self.none_left.clear()

    def finish(self) -> None:
        """Count one less."""
        self.count -= 1
        if self.count == 0:
            self.none_left.set()


@frozen
class JobListener:
    """Puts outcomes into the channel of a job, and counts the items on their way.

    Attributes:
        channel: Gets each outcome.
        open_items: Counts the items on their way.
    """

    channel: OutcomeChannel
    open_items: OpenItems

    def decided(self, task: Task, found: Classification) -> None:
        """Put an outcome into the channel; nothing for an item that is pending again."""
        if found.state is not State.PENDING:
            self.channel.put(outcomes.decided(task.entry, found, unproven=task.unproven))
        self.open_items.finish()

    def unknown(self, task: Task, found: Classification) -> None:
        """Put nothing into the channel yet: the item is looked up first."""

    def refused(self, task: Task, refusal: RefusedRecord) -> None:  # noqa: ARG002 (the refusal names it)
        """Put a refusal into the channel."""
        self.channel.put(outcomes.refused(refusal))
        self.open_items.finish()

    def dropped(self, task: Task) -> None:  # noqa: ARG002 (whichever it is, one less is open)
        """Count one less."""
        self.open_items.finish()
