"""The writes that an open outbox has in its hands, and who waits for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Hashable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field

from confirma_async.outbox.outcomes import WriteOutcome

ROOM = 1000
"""Writes of unknown outcome that wait to be looked for again; the journal knows of the others."""

ELSEWHERE = "another run of this account has it in its hands, and has not brought it to an end"
CLOSED = "the outbox was closed before its turn came"
LOST = "an earlier attempt may have arrived, and its answer was lost"


class OutcomeListener(Protocol):
    """Hears each outcome, once it is durable and again when it has changed."""

    def __call__(self, operation: str, told: WriteOutcome[Any], *, settled: bool) -> None:
        """Hear an outcome; ``settled`` where it had been told as unknown before."""
        ...


@define(eq=False, kw_only=True)
class Held:
    """A write that is under way, or whose outcome is looked for.

    Attributes:
        operation: The name of its operation.
        name: What it is known by among those of its kind.
        subject: What it is, for people.
        key: The caller's own name for it.
        answer: The first outcome, for whoever waits.
        standing: The last outcome that was told; None before the first.
        looks: How often it was left unknown.
        timer: Has it looked for again.
        since: When it was given, or taken up; seconds since 1970.
    """

    operation: str
    name: Hashable
    subject: str
    key: str | None
    answer: asyncio.Future[WriteOutcome[Any]] = field(
        init=False, factory=lambda: asyncio.get_running_loop().create_future()
    )
    standing: WriteOutcome[Any] | None = field(init=False, default=None)
    looks: int = field(init=False, default=0)
    timer: asyncio.TimerHandle | None = field(init=False, default=None)
    since: float = field(init=False, factory=time.time)

    def stop_timer(self) -> bool:
        """Have it not looked for by itself any more; return whether it was to be."""
        timer, self.timer = self.timer, None
        if timer is not None:
            timer.cancel()
        return timer is not None

    def fail(self, error: BaseException) -> None:
        """Raise an error where the write was given."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # whoever waited may have gone: then the loop must not complain


H = TypeVar("H", bound=Held)


@define(eq=False)
class HeldWrites(Generic[H]):
    """The writes of one kind.

    Attributes:
        tell: Hears each outcome.
        changed: Set when one was told, or let go of.
        working: The tasks that bring writes on their way.
    """

    tell: OutcomeListener
    changed: asyncio.Event = field(init=False, factory=asyncio.Event)
    working: set[asyncio.Task[None]] = field(init=False, factory=set[asyncio.Task[None]])
    _by_name: dict[Hashable, H] = field(init=False, factory=dict[Hashable, H])

    def __contains__(self, name: Hashable) -> bool:
        return name in self._by_name

    def get(self, name: Hashable) -> H | None:
        """Return the write of a name; None where it is not held."""
        return self._by_name.get(name)

    def all(self) -> Sequence[H]:
        """Return all of them; any thread may ask."""
        return [*self._by_name.values()]

    def hold(self, held: H) -> H:
        """Hold on to a write, and return it."""
        self._by_name[held.name] = held
        return held

    def holds(self, held: H) -> bool:
        """Say whether a write is still held."""
        return self._by_name.get(held.name) is held

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do some work in a task of its own, which no caller can break off."""
        task = asyncio.get_running_loop().create_task(work)
        self.working.add(task)
        task.add_done_callback(self.working.discard)

    async def finish(self) -> None:
        """Wait until all work has ended, and have nothing looked for any more."""
        for held in self.all():
            held.stop_timer()
        while self.working:
            await asyncio.wait([*self.working])
        self.changed.set()

    def stand(self, held: H, told: WriteOutcome[Any]) -> None:
        """Tell that an outcome is unknown as yet, and hold on to the write."""
        before, held.standing = held.standing, told
        if not held.answer.done():
            held.answer.set_result(told)
        if before is None or before.detail != told.detail:
            self.tell(held.operation, told, settled=before is not None)
        self.changed.set()

    def settle(self, held: H, told: WriteOutcome[Any]) -> None:
        """Tell an outcome after which nothing more is done, and let go of the write."""
        before, held.standing = held.standing, told
        self.forget(held)
        if not held.answer.done():
            held.answer.set_result(told)
        if not told.resumed or before is not None:
            self.tell(held.operation, told, settled=before is not None)

    def forget(self, held: H) -> None:
        """Let go of a write, as it is."""
        if self.holds(held):
            del self._by_name[held.name]
        held.stop_timer()
        self.changed.set()

    def fail(self, held: H, error: BaseException) -> None:
        """Let go of a write, and raise an error where it was given."""
        self.forget(held)
        held.fail(error)

    def waits_too_many(self) -> bool:
        """Say whether there is no room for one more that waits to be looked for again."""
        return sum(held.timer is not None for held in self._by_name.values()) >= ROOM

    def open_since(self) -> Sequence[float]:
        """Return since when each is open, in seconds since 1970; any thread may ask."""
        return [held.since for held in self.all()]

    def count_unknown(self) -> int:
        """Return how many have an unknown outcome; any thread may ask."""
        return sum(held.standing is not None for held in self.all())
