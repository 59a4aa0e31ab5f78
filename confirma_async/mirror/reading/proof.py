"""Reads a window, and proves that the answer is complete: only then a missing record is gone."""

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
from confirma_async.mirror.streams import Days, NotAListError, SeenRecord, Stream, Whole, day_of
from confirma_async.pagination import OVERLAP, Window
from confirma_async.session.call_options import CallOptions
from confirma_async.session.pipeline import Pipeline

_STRICT = CallOptions(strict=True)
"""Accepts only a real empty list as one, since an empty list means that the records are gone."""

MOST_SPANS = 6
"""The greatest number of short lists to ask for in order to confirm what a longer one lacks."""

ROUND = 50
"""A list with a multiple of this many records may have been cut off."""


@frozen(kw_only=True)
class WindowReading:
    """The result of reading a window.

    Attributes:
        window: The days that were read.
        seen: The records, also those of the days beside the window.
        whole: Whether the reading is proved to be complete.
        reason: Why it is not proved, in words; None if it is.
        divisible: Whether lists of fewer days may prove it.
        answered: Whether the service gave every list, and for the days that were asked for.
        pieces: Into how many pieces it was cut.
        largest: The number of records in the largest answer.
    """

    window: Window
    seen: Sequence[SeenRecord] = field(default=(), repr=False)
    whole: bool = True
    reason: str | None = None
    divisible: bool = False
    answered: bool = True
    pieces: int = 1
    largest: int = 0


@define
class WindowReader:
    """Reads windows of one stream in one run.

    The count that an answer states does not prove that it is complete: a service that cuts lists off may
    count only what is left. An answer is proved if the service gave a longer list in the same run, or if
    lists of fewer days hold no further records. It must also hold every record of its days that earlier lists
    held.

    Attributes:
        pipeline: Makes the calls.
        stream: The list that is read.
        calls: How many calls were made.
        longest: The number of records in the longest answer; None before the first.
        cut_at: The number of records in a list that seemed cut off; a longer list shows that it was not.
        beside: For each window that was read, the records of the days around it.
    """

    pipeline: Pipeline
    stream: Stream
    calls: int = 0
    longest: int | None = None
    cut_at: int | None = None
    beside: list[Sequence[SeenRecord]] = field(factory=list[Sequence[SeenRecord]], repr=False)

    async def read(self, window: Window, pieces: int = 1) -> WindowReading:
        """Read a window, in pieces if its list is too large or too slow, or may have been cut off.

        Args:
            window: The days to read.
            pieces: Into how many pieces to cut the window at first.

        Raises:
            CallError: no call can succeed: the key is rejected, or nobody answers.
        """
        reading = await self._each(window, cut(window, pieces), self.beside, compare=pieces == 1)
        self.beside.append([each for each in reading.seen if not _lies_within(each.days, window)])
        return reading

    async def confirm(self, reading: WindowReading, days: Iterable[datetime.date]) -> WindowReading:
        """Ask once more, by short lists, for known records that a list lacks.

        Args:
            reading: The reading of the whole window.
            days: The days of the records that the reading lacks.

        Returns:
            The reading, with the records that were found. It is proved only if the shorter lists lack the
            known records, too.
        """
        parts = [await self._read(window, (), compare=True) for window in list(spans(days))[:MOST_SPANS]]
        found = union([reading.seen, *(part.seen for part in parts)])
        open_part = next((part for part in parts if not part.whole), None)
        if open_part is None and len(found) == len(reading.seen):
            return reading
        more = f"; {open_part.reason}" if open_part else ", and a list of fewer days holds some of them"
        reason = f"the list lacks records that it held before{more}"
        return evolve(reading, seen=found, whole=False, reason=reason)

    async def _each(
        self,
        window: Window,
        parts: Sequence[Window],
        before: Sequence[Sequence[SeenRecord]],
        *,
        compare: bool,
    ) -> WindowReading:
        """Read the parts of a window, up to one that is not answered; the next run reads the others."""
        readings: list[WindowReading] = []
        for part in parts:
            known = [*before, *(reading.seen for reading in readings)]
            readings.append(await self._read(part, known, compare=compare))
            if not readings[-1].answered:
                break
        return _joined(window, readings)

    async def _read(
        self, window: Window, before: Sequence[Sequence[SeenRecord]], *, compare: bool
    ) -> WindowReading:
        """Read a window by one list, and in halves if that list is not proved to be complete.

        Args:
            window: The days to read.
            before: The records of earlier lists, which this one must hold as far as they are of its days.
            compare: Whether to ask first for a list of more days, which may prove this one by one call.
        """
        longest = self.longest
        reading = _agreeing(await self._once(window), before)
        if not (reading.whole or reading.divisible):
            return reading
        if reading.whole and longest is not None and reading.largest < max(longest, 2):
            return reading  # it is shorter than an earlier list, so that it was not cut off
        least = _count_within(reading, window)
        if reading.whole and compare and (around := await self._around(window)) is not None:
            there, count = around
            if there == least and (reading.largest <= 1 or count > reading.largest):
                return reading
            least = max(least, there)
        halves = cut(window, 2)
        if len(halves) == 1:
            return self._of_one_day(reading, least)
        joined = await self._each(window, halves, [*before, reading.seen], compare=False)
        return self._of_halves(reading, least, joined)

    def _of_halves(self, reading: WindowReading, least: int, joined: WindowReading) -> WindowReading:
        """Return the result of a window whose halves were read.

        Args:
            reading: The reading of the window by one list.
            least: How many records the window surely has.
            joined: The readings of both halves as one.
        """
        found = _count_within(joined, reading.window)
        if not joined.whole:
            return joined
        if found < least:
            reason = f"lists of fewer days hold {found} records, and one of more days holds {least}"
            return evolve(joined, whole=False, reason=reason)
        if not reading.whole:
            return joined
        if found == _count_within(reading, reading.window):
            return evolve(reading, largest=joined.largest)
        self.cut_at = reading.largest
        if joined.largest >= (self.longest or 0):
            return evolve(joined, whole=False, reason=f"lists are cut off after {joined.largest} records")
        return joined

    def _of_one_day(self, reading: WindowReading, least: int) -> WindowReading:
        """Return the result of a single day, which cannot be halved."""
        if not reading.whole:
            return reading
        count = reading.largest
        if _count_within(reading, reading.window) < least:
            reason = (
                f"the list of one day holds fewer records of it than one of more days, which holds {least}"
            )
            return evolve(reading, whole=False, reason=reason)
        if count and (count % ROUND == 0 or count == self.cut_at == self.longest):
            reason = f"one day lists {count} records, which may be all that one answer holds"
            return evolve(reading, whole=False, reason=reason)
        return reading

    async def _once(self, window: Window) -> WindowReading:
        """Read a window by one call."""
        query = asked(window)
        found = await self._answer(query)
        if isinstance(found, ReadFailure):
            return WindowReading(
                window=window, whole=False, reason=found.reason, divisible=found.shorter, answered=False
            )
        self.longest = max(self.longest or 0, len(found.records))
        seen = list(map(self.stream.reader(self.pipeline.converter).seen, found.records))
        reading = WindowReading(window=window, seen=seen, largest=len(seen))
        if (reason := _unheeded(found, seen, query)) is not None:
            return evolve(reading, whole=False, reason=reason, answered=False)
        if found.count not in {None, len(seen)}:
            reason = f"the answer counts {found.count} records and holds {len(seen)}"
            return evolve(reading, whole=False, reason=reason, divisible=True)
        return reading

    async def _around(self, window: Window) -> tuple[int, int] | None:
        """Ask for three times the days; return how many records are of the window, and how many in all.

        It returns None if the service does not answer.
        """
        days = window.last - window.first + datetime.timedelta(days=1)
        found = await self._answer(asked(Window(window.first - days, window.last + days)))
        if isinstance(found, ReadFailure):
            return None
        self.longest = max(self.longest or 0, len(found.records))
        reader = self.stream.reader(self.pipeline.converter)
        return sum(_lies_within(reader.days(raw), window) for raw in found.records), len(found.records)

    async def _answer(self, query: Window) -> Whole | ReadFailure:
        """Return the list that the service answers with, or why it could not be read.

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
    """Why a list could not be read.

    Attributes:
        reason: Why, in words.
        shorter: Whether a list of fewer days may be answered.
    """

    reason: str
    shorter: bool = False


def failure_of(error: CallError) -> ReadFailure | None:
    """Return why a list could not be read; None if no other call can succeed either."""
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


def _unheeded(found: Whole, seen: Sequence[SeenRecord], query: Window) -> str | None:
    """Return why an answer may be about other days than were asked for; None if it surely is not."""
    if found.window is not None and not _echoes(found.window, query):
        return "the answer says that it was filtered by other days than those asked for"
    outside = sum(not _touches(each, query) for each in seen)
    if outside:
        return f"{outside} of {len(seen)} records lie outside of the days asked for"
    if seen and all(each.days is None for each in seen):
        return "no record bears a day by which it could be known that the days were heeded"
    return None


def _echoes(period: tuple[Any, Any], query: Window) -> bool:
    first, last = (day_of(each) for each in period)
    return first in {None, query.first} and last in {None, query.last}


def _touches(seen: SeenRecord, query: Window) -> bool:
    """Say whether a record may lie within the days, in any time zone."""
    first, last = seen.days or (query.first, query.last)
    return first <= query.last + OVERLAP and last >= query.first - OVERLAP


def _agreeing(reading: WindowReading, before: Iterable[Sequence[SeenRecord]]) -> WindowReading:
    """Return the reading, as not proved if it lacks records of its days that earlier lists held."""
    here = Counter(each.base for each in reading.seen) if reading.whole else Counter[str]()
    for earlier in before if reading.whole else ():
        lacking = Counter(each.base for each in earlier if _lies_within(each.days, reading.window)) - here
        if lacking:
            reason = f"the list lacks {lacking.total()} records that another one of this run holds"
            return evolve(reading, whole=False, reason=reason)
    return reading


def _lies_within(days: Days, window: Window) -> bool:
    return days is not None and window.first <= days[0] and days[1] <= window.last


def _count_within(reading: WindowReading, window: Window) -> int:
    return sum(_lies_within(each.days, window) for each in reading.seen)


def _joined(window: Window, parts: Sequence[WindowReading]) -> WindowReading:
    """Return the readings of the pieces of a window as one; the lists of neighbouring pieces overlap."""
    open_part = next((part for part in parts if not part.whole), None)
    answered = all(part.answered for part in parts)
    return WindowReading(
        window=window if answered else Window(window.first, parts[-1].window.last),
        seen=parts[0].seen if len(parts) == 1 else union(part.seen for part in parts),
        whole=open_part is None,
        reason=None if open_part is None else open_part.reason,
        answered=answered,
        pieces=sum(part.pieces for part in parts),
        largest=max((part.largest for part in parts), default=0),
    )


def union(lists: Iterable[Sequence[SeenRecord]]) -> list[SeenRecord]:
    """Return the records of several lists of neighbouring days, each once.

    Equal records have the same day, so that each list of that day holds all of them. The result therefore has
    as many equal records as the list with the most of them.
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
