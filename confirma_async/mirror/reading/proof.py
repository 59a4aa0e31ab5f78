"""Reading a window so that it counts: what is not proved to be whole says nothing of what it lacks."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from confirma_async.contract.places import as_usual
from confirma_async.errors import (
    APIError,
    AuthenticationError,
    CallError,
    NotFoundError,
    PermissionDeniedError,
    Phase,
    RateLimitedError,
    ResponseDecodeError,
    TransportError,
)
from confirma_async.mirror.reading.windows import asked, cut, spans
from confirma_async.mirror.streams import NotAListError, SeenRecord, Stream, Whole, day_of, flat
from confirma_async.pagination import OVERLAP, Window
from confirma_async.session.call_options import CallOptions
from confirma_async.session.pipeline import Pipeline

_STRICT = CallOptions(strict=True)
"""Nothing is taken for an empty list that is not one: an empty list means that records are gone."""

LEAST = 10
"""Records below which no list is taken to have been cut off."""

MOST_SPANS = 6
"""Shorter lists that are asked for at most, to confirm what a list lacks."""

ROUND = 50
"""A count that a list may be cut at: a multiple of this."""


@frozen(kw_only=True)
class WindowReading:
    """What came of reading a window.

    Attributes:
        window: The days that it speaks for.
        seen: The records, those of the days beside it included.
        whole: Whether it is proved to be whole.
        reason: Why not.
        pieces: Into which it was cut.
        largest: Records in one answer that proved to be whole.
    """

    window: Window
    seen: Sequence[SeenRecord] = field(default=(), repr=False)
    whole: bool = True
    reason: str | None = None
    pieces: int = 1
    largest: int = 0


@define
class WindowReader:
    """Reads windows of one stream.

    Attributes:
        pipeline: Makes the calls.
        stream: What is read.
        largest: The most records that one answer held and proved to be whole, in any run.
        calls: How many calls were made.
        cut_at: After how many records lists are cut off, once one was found to be.
        longest: The most records that an answer without a count held in this run.
    """

    pipeline: Pipeline
    stream: Stream
    largest: int = 0
    calls: int = 0
    cut_at: int | None = None
    longest: int = 0

    async def read(self, window: Window, pieces: int = 1) -> WindowReading:
        """Read a window, in pieces where it is too large, too slow, or may have been cut off.

        Args:
            window: The days.
            pieces: In how many pieces to begin.

        Raises:
            CallError: no call can succeed: the key is refused, or nobody answers.
        """
        parts: list[WindowReading] = []
        for part in cut(window, pieces):
            reading = await self._read(part)
            parts.append(reading)
            if not reading.whole:
                break  # the rest waits for the next run
        return _joined(window, parts)

    def may_lack(self, reading: WindowReading) -> bool:
        """Say whether what a list lacks may have been cut off it: where no answer of this run was longer."""
        return reading.whole and LEAST <= self.longest <= reading.largest

    async def confirm(self, reading: WindowReading, days: Iterable[datetime.date]) -> WindowReading:
        """Ask once more, for few days, for what a list lacks that was told before.

        Args:
            reading: What came of the whole window.
            days: The days of what it lacks.

        Returns:
            The same with what was found, which is whole only where the shorter lists are no longer as long.
        """
        parts = [await self._once(window) for window in list(spans(days))[:MOST_SPANS]]
        sure = all(
            isinstance(part, WindowReading) and part.whole and part.largest < self.longest for part in parts
        )
        found = union([reading.seen, *(part.seen for part in parts if isinstance(part, WindowReading))])
        if sure and len(found) == len(reading.seen):
            return reading
        reason = (
            f"the list lacks records that it told before; lists may be cut off after {self.longest} records"
        )
        return evolve(reading, seen=found, whole=False, reason=reason)

    async def _read(self, window: Window) -> WindowReading:
        reading = await self._once(window)
        if isinstance(reading, WindowReading) and not self._may_be_cut_off(reading):
            return self._trusted(reading)
        halves = cut(window, 2)
        if len(halves) == 1:
            return self._of_one_day(window, reading)
        parts: list[WindowReading] = []
        for half in halves:
            parts.append(await self._read(half))
            if not parts[-1].whole:
                break
        joined = _joined(window, parts)
        if not joined.whole or not isinstance(reading, WindowReading):
            return joined
        if len(_within(joined.seen, window)) <= len(_within(reading.seen, window)):
            return self._trusted(reading)  # the halves have no more: it was whole at once
        self.cut_at = min(self.cut_at or reading.largest, reading.largest)
        if joined.largest >= self.cut_at:
            return evolve(joined, whole=False, reason=f"lists are cut off after {self.cut_at} records")
        return joined

    def _trusted(self, reading: WindowReading) -> WindowReading:
        if reading.whole:
            self.largest = max(self.largest, reading.largest)
        return reading

    def _of_one_day(self, window: Window, reading: WindowReading | str) -> WindowReading:
        """Return what a single day comes to, which cannot be halved."""
        if isinstance(reading, str):
            return WindowReading(window=window, whole=False, reason=reading)
        count = reading.largest
        if count % ROUND == 0 or (self.cut_at is not None and count >= self.cut_at):
            reason = f"one day lists {count} records, which may be all that one answer holds"
            return evolve(reading, whole=False, reason=reason)
        return self._trusted(reading)

    def _may_be_cut_off(self, reading: WindowReading) -> bool:
        """Say whether a list without a count is longer than any that was whole, or as long as cut ones."""
        cut_off = self.cut_at is not None and reading.largest >= self.cut_at
        return reading.whole and (cut_off or reading.largest > max(self.largest, 1))

    async def _once(self, window: Window) -> WindowReading | str:
        """Return one call; a word on why it failed where a shorter window may do better."""
        query = asked(window)
        found = await self._answer(query)
        if isinstance(found, ReadFailure):
            return (
                found.reason
                if found.shorter
                else WindowReading(window=window, whole=False, reason=found.reason)
            )
        if found.count is None:
            self.longest = max(self.longest, len(found.records))
        seen = list(flat(found.records, self.stream.reader(self.pipeline.converter)))
        reason = _objection(found, seen, query)
        return WindowReading(
            window=window,
            seen=seen,
            whole=reason is None,
            reason=reason,
            largest=0 if found.count is not None else len(seen),
        )

    async def _answer(self, query: Window) -> Whole | ReadFailure:
        """Return what the service answers.

        Raises:
            CallError: no call can succeed.
        """
        self.calls += 1
        try:
            reply = await self.pipeline.reply(
                self.stream.operation, query=self.stream.query(query), options=_STRICT
            )
            if reply.empty:
                return Whole(())
            lists, converter = self.pipeline.overrides.lists, self.pipeline.converter
            found = as_usual(reply.found, self.stream.operation, lists, converter)
            return self.stream.whole(converter, found)
        except CallError as error:
            failure = failure_of(error)
            if failure is None:
                raise
            return failure
        except NotAListError as error:
            return ReadFailure(str(error))


@frozen
class ReadFailure:
    """Why a list was not read.

    Attributes:
        reason: In words.
        shorter: Whether a list of fewer days may be.
    """

    reason: str
    shorter: bool = False


def failure_of(error: CallError) -> ReadFailure | None:
    """Return what a failed call means for what it was to read; None where no other call would fare better."""
    match error:
        case NotFoundError():
            return ReadFailure("the service answered 404: there is nothing, or the path is not its own")
        case AuthenticationError() | PermissionDeniedError() | RateLimitedError():
            return None
        case ResponseDecodeError() if not error.body:  # it was not looked into
            return ReadFailure("the answer is too large", shorter=True)
        case ResponseDecodeError():
            return ReadFailure("the answer is no JSON")
        case APIError():
            return ReadFailure(f"the service answered HTTP {error.status}", shorter=True)
        case TransportError() if error.phase is not Phase.NOT_SENT:
            return ReadFailure(f"no answer came ({error.args[0]})", shorter=True)
        case _:
            return None


def _objection(found: Whole, seen: Sequence[SeenRecord], query: Window) -> str | None:
    """Return why an answer does not prove that it is whole."""
    if found.count is not None and found.count != len(seen):
        return f"the answer counts {found.count} records and holds {len(seen)}"
    if found.window is not None and not _echoes(found.window, query):
        return "the answer says that it was filtered by other days than those asked for"
    outside = sum(1 for each in seen if each.days is not None and not _touches(each, query))
    if outside:
        return f"{outside} of {len(seen)} records lie outside of the days asked for"
    undated = sum(1 for each in seen if each.days is None)
    if undated and undated == len(seen):
        return "no record bears a day by which it could be known that the days were heeded"
    return None


def _echoes(told: tuple[Any, Any], query: Window) -> bool:
    first, last = (day_of(each) for each in told)
    return first in {None, query.first} and last in {None, query.last}


def _touches(seen: SeenRecord, query: Window) -> bool:
    """Say whether a record may lie within the days, whatever the zone they are counted in."""
    first, last = seen.days or (query.first, query.last)
    return first <= query.last + OVERLAP and last >= query.first - OVERLAP


def _within(seen: Iterable[SeenRecord], window: Window) -> list[SeenRecord]:
    return [
        each for each in seen if each.days and window.first <= each.days[0] and each.days[1] <= window.last
    ]


def _joined(window: Window, parts: Sequence[WindowReading]) -> WindowReading:
    """Return the readings of the pieces of a window as one: neighbours both tell what lies at their seam."""
    open_part = next((part for part in parts if not part.whole), None)
    covered = window if open_part is None else Window(window.first, parts[-1].window.last)
    return WindowReading(
        window=covered,
        seen=parts[0].seen if len(parts) == 1 else union(part.seen for part in parts),
        whole=open_part is None,
        reason=None if open_part is None else open_part.reason,
        pieces=sum(part.pieces for part in parts),
        largest=max((part.largest for part in parts), default=0),
    )


def union(lists: Iterable[Sequence[SeenRecord]]) -> list[SeenRecord]:
    """Return what several lists of neighbouring days tell together.

    Of one content as many as the list has that tells it most often: equal records bear the same day, so that
    each list that holds that day holds all of them.
    """
    most: Counter[str] = Counter()
    kept: list[SeenRecord] = []
    for seen in lists:
        here: Counter[str] = Counter()
        for each in seen:
            here[each.hash] += 1
            if here[each.hash] > most[each.hash]:
                most[each.hash] += 1
                kept.append(each)
    return kept
