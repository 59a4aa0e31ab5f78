"""Begins and ends one run in the journal of an account."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

from attrs import evolve, frozen

from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.models import JobOptions
from confirma_async.bulk.placement import Placement
from confirma_async.bulk.writer import JournalWriter
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import ConfigurationError
from confirma_async.session.pipeline import Pipeline

_DOUBT = (
    "the journal {0} may not know all that was sent ({1}): every invoice is looked up before it "
    "is sent, until a person says that the journal is whole"
)


@frozen(kw_only=True)
class AccountRun:
    """A run that has begun.

    Attributes:
        placement: The place of its journal, and its account.
        pipeline: The way to the service.
        writer: Writes the journal, in its own thread.
        number: The number of the run in the journal.
        warnings: Warnings about the journal: that it is in doubt, or does not last.
    """

    placement: Placement
    pipeline: Pipeline
    writer: JournalWriter
    number: int
    warnings: Sequence[str]

    @classmethod
    async def begin(
        cls, placement: Placement, pipeline: Pipeline, writer: JournalWriter, options: JobOptions
    ) -> AccountRun:
        """Begin a run in a journal that is open.

        Args:
            placement: The place of the journal, and its account.
            pipeline: The way to the service.
            writer: Writes the journal, in its own thread.
            options: How the run is described: its inputs, how they are read, and what is allowed in it.

        Raises:
            JournalError: the journal cannot be written, or is not of this target and account.
        """
        name = JobName(placement.target, options.inputs, tuple(sorted(options.allow)), options.reading)
        number = await writer.run(
            lambda journal: journal.runs.begin(
                name, now=time.time(), owner=placement.owner, expected=options.expected
            )
        )
        doubt = await writer.run(lambda journal: journal.trust.doubt())
        doubtful = None if doubt is None else _DOUBT.format(writer.name, doubt.reason)
        warnings = tuple(filter(None, (placement.warning, doubtful)))
        return cls(placement=placement, pipeline=pipeline, writer=writer, number=number, warnings=warnings)

    async def end(self, ending: str) -> None:
        """Write how the run ended, and the key of its last calls, which may have been renewed.

        Args:
            ending: How it ended, in words.

        Raises:
            JournalError: the journal cannot be written.
        """
        owner, writer, prove = self.placement.owner, self.writer, self.placement.prove
        try:
            key = self.pipeline.keys.of(CREATE_INVOICE).current
        except ConfigurationError:  # the block of its as_client(...) was left before
            key = None
        if key is not None and key != owner.key:
            owner = evolve(owner, key=key)
        await writer.run(lambda journal: journal.runs.end(self.number, ending, now=time.time(), owner=owner))
        if prove is not None and await writer.run(lambda journal: journal.ownership.has_sent()):
            with contextlib.suppress(ConfigurationError):  # the journal itself knows its owner
                _, prints = await writer.run(lambda journal: journal.ownership.fingerprints())
                await asyncio.to_thread(prove, prints)
