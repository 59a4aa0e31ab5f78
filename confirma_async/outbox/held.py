"""The writes that an open outbox has in its hands, and the callers that wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Generator, Hashable, Sequence
from typing import Any, Generic, TypeVar

from attrs import define, field

from confirma_async.bulk.journal.writes import WriteRow
from confirma_async.bulk.models import VERDICTS, Row, Verdict
from confirma_async.outbox.events import WriteEvent
from confirma_async.outbox.outcomes import WriteOutcome

LONGEST_PAUSE = 3600.0
"""Seconds after which a write of unknown outcome is looked up again, at most."""

ROOM = 1000
"""Writes of unknown outcome that wait to be looked for again; the journal knows of the others."""

ELSEWHERE = "another run of this account has it in its hands, and has not brought it to an end"
CLOSED = "the outbox was closed before its turn came"
LOST = "an earlier attempt may have arrived, and its answer was lost"


@define(eq=False, kw_only=True)
class Held:
    """A write that is under way, or whose outcome is looked for.

    Attributes:
        operation: The name of its operation.
        name: What identifies it among the writes of its kind.
        subject: What it is, in words: ``invoice 1042``.
        key: The caller's own name for it.
        answer: A future of the first outcome, for the caller.
        reported: The last outcome that was reported; None before the first.
        looks: How often a lookup left it unknown.
        timer: The timer of the next lookup; None while none is set.
        since: When it was given to this outbox, or taken up from an earlier run; seconds since 1970.
    """

    operation: str
    name: Hashable
    subject: str
    key: str | None
    answer: asyncio.Future[WriteOutcome[Any]] = field(
        init=False, factory=lambda: asyncio.get_running_loop().create_future()
    )
    reported: WriteOutcome[Any] | None = field(init=False, default=None)
    looks: int = field(init=False, default=0)
    timer: asyncio.TimerHandle | None = field(init=False, default=None)
    since: float = field(init=False, factory=time.time)

    def stop_timer(self) -> bool:
        """Cancel the timer of the next lookup; return whether there was one."""
        timer, self.timer = self.timer, None
        if timer is not None:
            timer.cancel()
        return timer is not None

    def outcome(self, verdict: Verdict, **more: Any) -> WriteOutcome[Any]:
        """Return its outcome; ``more`` is what else there is to tell, by the names of ``WriteOutcome``."""
        return WriteOutcome(verdict=verdict, subject=self.subject, key=self.key, **more)

    def known(self, row: Row | WriteRow, **more: Any) -> WriteOutcome[Any]:
        """Return the outcome that the journal has from before."""
        return self.outcome(VERDICTS[row.state], status=row.status, detail=row.detail, resumed=True, **more)


H = TypeVar("H", bound=Held)


@define(eq=False)
class HeldWrites(Generic[H]):
    """The writes of one kind.

    Attributes:
        notify: Called with each change of an outcome, once it is durable.
        changed: Set when an outcome was reported, or a write was released.
        working: The tasks that send or look up writes.
    """

    notify: Callable[[WriteEvent], object]
    changed: asyncio.Event = field(init=False, factory=asyncio.Event)
    working: set[asyncio.Task[None]] = field(init=False, factory=set[asyncio.Task[None]])
    _by_name: dict[Hashable, H] = field(init=False, factory=dict[Hashable, H])

    def __contains__(self, name: Hashable) -> bool:
        return name in self._by_name

    def get(self, name: Hashable) -> H | None:
        """Return the write of a name; None where it is not held."""
        return self._by_name.get(name)

    def all(self) -> Sequence[H]:
        """Return all held writes; any thread may call this."""
        return [*self._by_name.values()]

    def hold(self, held: H) -> H:
        """Add a write to those that are held, and return it."""
        self._by_name[held.name] = held
        return held

    def holds(self, held: H) -> bool:
        """Say whether a write is still held."""
        return self._by_name.get(held.name) is held

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work in a task of its own, which the cancellation of a caller does not end."""
        task = asyncio.get_running_loop().create_task(work)
        self.working.add(task)
        task.add_done_callback(self.working.discard)

    async def finish(self) -> None:
        """Cancel the timers of all lookups, and wait until all work has ended."""
        for held in self.all():
            held.stop_timer()
        while self.working:
            await asyncio.wait([*self.working])
        self.changed.set()

    def report_unknown(self, held: H, outcome: WriteOutcome[Any]) -> None:
        """Report that the outcome of a write is unknown for now, and keep the write."""
        before, held.reported = held.reported, outcome
        if not held.answer.done():
            held.answer.set_result(outcome)
        if before is None or before.detail != outcome.detail:
            self._notify(held.operation, outcome, was_unknown=before is not None)
        self.changed.set()

    def report(self, held: H, outcome: WriteOutcome[Any]) -> None:
        """Report the last outcome of a write, and release the write."""
        before, held.reported = held.reported, outcome
        self.forget(held)
        if not held.answer.done():
            held.answer.set_result(outcome)
        if not outcome.resumed or before is not None:
            self._notify(held.operation, outcome, was_unknown=before is not None)

    def _notify(self, operation: str, outcome: WriteOutcome[Any], *, was_unknown: bool) -> None:
        self.notify(
            WriteEvent(
                operation=operation, subject=outcome.subject, key=outcome.key, verdict=outcome.verdict,
                was_unknown=was_unknown, detail=outcome.detail, at=time.time(),
            )
        )  # fmt: skip

    def forget(self, held: H) -> None:
        """Release a write without an outcome."""
        if self.holds(held):
            del self._by_name[held.name]
        held.stop_timer()
        self.changed.set()

    def fail(self, held: H, error: BaseException) -> None:
        """Release a write, and raise an error for whoever waits for it."""
        self.forget(held)
        if not held.answer.done():
            held.answer.set_exception(error)
            held.answer.exception()  # whoever waited may have gone: then the loop must not complain

    @contextlib.contextmanager
    def answering(self, held: H) -> Generator[None]:
        """Release a write if the block fails, and raise the error for whoever waits for it."""
        try:
            yield
        except asyncio.CancelledError:
            self.forget(held)
            held.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 (raised where the write was given)
            self.fail(held, error)

    def waits_too_many(self) -> bool:
        """Say whether too many writes wait for their next lookup, so that no more may."""
        return sum(held.timer is not None for held in self._by_name.values()) >= ROOM
