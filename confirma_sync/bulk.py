"""Bulk jobs for blocking code: every invoice is sent exactly once, even if a process or connection fails."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import AsyncIterable, Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, Concatenate, Final, ParamSpec, cast

from confirma_async import bulk as asynchronous
from confirma_async.bulk import PROGRESS_SECONDS, Outcome, Record, Report, Source
from confirma_async.bulk.job.preparation import PATIENCE
from confirma_async.client import Confirma
from confirma_async.errors import ConfigurationError
from confirma_sync.waiting.bridge import Batch, Bridge
from confirma_sync.waiting.portal import Portal
from confirma_sync.waiting.proxy import TAKEN_OVER, SyncProxy, blocking

P = ParamSpec("P")

PORTION = 256
"""Number of records that the thread hands to the job together; fewer if the source is slow."""


class BulkStream:
    """A running job, which yields its outcomes: ``for outcome in confirma.bulk.stream(...)``.

    It can be iterated once. The thread that iterates reads the source, and no further ahead than the job
    needs. Leaving the loop early stops the job as Ctrl-C does: what is being sent is brought to its end, and
    the same call goes on later.
    """

    def __init__(
        self, portal: Portal[Confirma], source: Source, begin: Callable[..., asynchronous.BulkStream]
    ) -> None:
        self._portal = portal
        self._bridge = Bridge()
        self._source: Iterable[Record] = () if isinstance(source, AsyncIterable) else source
        records = source if isinstance(source, AsyncIterable) else self._bridge.records()
        self._stream = begin(records, stop=self._bridge.stop)
        self._begun = False

    @property
    def report(self) -> Report:
        """The report of the job so far; it is final once the iteration has ended."""
        return self._stream.report

    def stop(self) -> None:
        """Send nothing new, and end the iteration after what is being sent. Any thread may call this."""
        if self._begun:
            self._portal.post(self._bridge.stop.set)
        else:
            self._bridge.stop.set()

    def __iter__(self) -> Iterator[Outcome]:
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[Sequence[Outcome]]:
        """Yield the outcomes in groups, as they come from the loop."""
        if self._begun:
            raise ConfigurationError("a job's outcomes can be iterated once; make a new stream to go on")
        self._begun = True
        portions = _portions(self._source)
        portion: Sequence[Record] | Exception | None = None
        try:
            while not (batch := self._next_batch(portion)).ended:
                yield batch.outcomes
                portion = next(portions) if batch.wanted else None
        finally:
            if self._portal.is_usable():
                self._portal.run(self._bridge.finish)
            else:
                self.stop()

    def _next_batch(self, portion: Sequence[Record] | Exception | None) -> Batch:
        async def next_batch() -> Batch:
            if portion is not None:
                self._bridge.supply(portion)
            return await self._bridge.next_batch(self._stream)

        return self._portal.run(next_batch)


def _portions(source: Iterable[Record]) -> Iterator[Sequence[Record] | Exception]:
    """Yield the records of a source in groups; at the end an empty group, or the error of the source."""
    portion, began = list[Record](), time.monotonic()
    end: Sequence[Record] | Exception = ()
    try:
        for record in source:
            portion.append(record)
            if len(portion) == PORTION or time.monotonic() - began > PATIENCE:
                yield portion
                portion, began = list[Record](), time.monotonic()
    except Exception as error:  # noqa: BLE001 (the job raises it, after what is under way)
        end = error
    if portion:
        yield portion
    yield end


def _streaming(
    verb: Callable[Concatenate[Any, P], asynchronous.BulkStream],
) -> Callable[Concatenate[SyncProxy, P], BulkStream]:
    parameters = inspect.signature(verb)

    def call(proxy: SyncProxy, /, *args: P.args, **kwargs: P.kwargs) -> BulkStream:
        given = parameters.bind(proxy.original, *args, **kwargs)
        if given.arguments.pop("stop", None) is not None:
            raise ConfigurationError(
                "an asyncio.Event cannot be set from outside of its loop; call stop() of the stream instead"
            )
        original, source = given.arguments.pop("self"), given.arguments.pop("invoices")
        options = given.arguments.pop("options", {})
        begin = functools.partial(verb, original, **given.arguments, **options)
        return BulkStream(proxy.portal, source, begin)

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def _submitting(
    verb: Callable[Concatenate[Any, P], Coroutine[Any, Any, Report]],
) -> Callable[Concatenate[Bulk, P], Report]:
    def call(bulk: Bulk, /, *args: P.args, **kwargs: P.kwargs) -> Report:
        progress = cast("Callable[[Report], object] | None", kwargs.pop("progress", None))
        stream = cast("Callable[..., BulkStream]", bulk.stream)(*args, **kwargs)
        reported_at = time.monotonic()
        try:
            for _ in stream.batches():
                if progress is not None and time.monotonic() - reported_at >= PROGRESS_SECONDS:
                    progress(stream.report)
                    reported_at = time.monotonic()
        except KeyboardInterrupt as interruption:
            interruption.add_note(
                f"The job is safe in {stream.report.journal}; the same call goes on where it stopped."
            )
            raise
        if progress is not None:
            progress(stream.report)
        return stream.report

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


class Bulk(SyncProxy):
    """``confirma.bulk``: sends any number of invoices, each exactly once."""

    place: Final = blocking(asynchronous.Bulk.place)
    submit: Final = _submitting(asynchronous.Bulk.submit)
    stream: Final = _streaming(asynchronous.Bulk.stream)
    plan: Final = blocking(asynchronous.Bulk.plan)
    work: Final = blocking(asynchronous.Bulk.work)
