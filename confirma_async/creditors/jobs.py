"""The jobs of many accounts over one source of records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable

from attrs import define, field

from confirma_async.bulk import Outcome, Record
from confirma_async.bulk.models import RefusedRecord
from confirma_async.bulk.reporting import outcomes
from confirma_async.bulk.reporting.report import KEPT
from confirma_async.creditors.splitting import RecordChannel
from confirma_async.errors import ConfirmaError

OnOutcome = Callable[[str | None, Outcome], object]
"""Called with the name of the account, None for a record of no account, and the outcome of the record."""

_TURN = 64
"""Records after which the jobs have their turn."""


@define(kw_only=True)
class CreditorJobs:
    """A job for each account that has invoices in a source; each begins with its first invoice.

    Attributes:
        do: Does the job of an account over its records.
        account_of: Gets a record and its place in the source, from 1. Returns the name of its account, or the
            refusal of a record of no account.
        expected: The accounts that have invoices in the source.
        stop: Once set, the jobs end after the calls under way.
        on_outcome: Called with the refusal of each record of no account.
        failed: The errors of the jobs that broke off, by account.
        refused: How many records are of no account.
        issues: The outcomes of these records, at most a thousand.
    """

    do: Callable[[str, AsyncIterable[Record]], Awaitable[None]]
    account_of: Callable[[Record, int], str | RefusedRecord]
    expected: Iterable[str]
    stop: asyncio.Event
    on_outcome: OnOutcome
    failed: dict[str, ConfirmaError] = field(init=False, factory=dict[str, ConfirmaError])
    refused: int = field(init=False, default=0)
    issues: list[Outcome] = field(init=False, factory=list[Outcome])
    _channels: dict[str, RecordChannel] = field(init=False, factory=dict[str, RecordChannel])

    async def run(self, records: Iterable[Record]) -> None:
        """Bring every record to its outcome, unless the job of its account breaks off.

        An error of the source is raised after the calls under way have ended.
        """
        failure: Exception | None = None
        async with asyncio.TaskGroup() as group:
            try:
                await self._split(records, group)
            except Exception as error:  # noqa: BLE001 (raised again after the drain)
                failure = error
                self.stop.set()
            for channel in self._channels.values():
                channel.finish()
        if failure is not None:
            raise failure

    async def _split(self, records: Iterable[Record], group: asyncio.TaskGroup) -> None:
        for index, record in enumerate(records, 1):
            account = self.account_of(record, index)
            if isinstance(account, RefusedRecord):
                self._refuse(account)
            else:
                channel = self._channels.get(account)
                if channel is None:
                    channel = self._channels[account] = RecordChannel()
                    group.create_task(self._bring(account, channel))
                await channel.put(record)
            if index % _TURN == 0:
                await asyncio.sleep(0)
            if self.stop.is_set() or self._is_over():
                return

    def _is_over(self) -> bool:
        """Say whether every account that has invoices has ended its job."""
        ended = {name for name, channel in self._channels.items() if channel.is_closed}
        return bool(ended) and ended.issuperset(self.expected)

    def _refuse(self, refusal: RefusedRecord) -> None:
        outcome = outcomes.refused(refusal)
        self.refused += 1
        if len(self.issues) < KEPT:
            self.issues.append(outcome)
        self.on_outcome(None, outcome)

    async def _bring(self, account: str, channel: RecordChannel) -> None:
        try:
            await self.do(account, channel)
        except ConfirmaError as error:  # of this account's journal alone
            self.failed[account] = error
        finally:
            channel.close()
