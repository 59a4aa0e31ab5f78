"""The jobs of many accounts over one source of records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable

from attrs import define, field

from confirma_async.bulk import BulkStream, Outcome, Record
from confirma_async.bulk.models import Refusal
from confirma_async.bulk.reporting import outcomes
from confirma_async.bulk.reporting.report import KEPT
from confirma_async.creditors.reports import CreditorsReport
from confirma_async.creditors.splitting import RecordChannel
from confirma_async.errors import ConfirmaError

Told = Callable[[str | None, Outcome], object]
"""Hears the account, None for a record of no account, and what became of it."""

_TURN = 64
"""Records after which the jobs have their turn."""


@define(kw_only=True)
class CreditorJobs:
    """A job for each account that has invoices in a source; each begins with its first invoice.

    Attributes:
        begin: Begins the job of an account over its records.
        account_of: Says whose a record is, by its place in the source; refuses what is nobody's.
        expected: The accounts that have invoices in the source.
        stop: Once set, what is under way comes to its end.
        told: Hears each outcome, after it is durable.
    """

    begin: Callable[[str, AsyncIterable[Record]], BulkStream]
    account_of: Callable[[Record, int], str | Refusal]
    expected: Iterable[str]
    stop: asyncio.Event
    told: Told
    _channels: dict[str, RecordChannel] = field(init=False, factory=dict[str, RecordChannel])
    _streams: dict[str, BulkStream] = field(init=False, factory=dict[str, BulkStream])
    _failed: dict[str, ConfirmaError] = field(init=False, factory=dict[str, ConfirmaError])
    _refused: int = field(init=False, default=0)
    _issues: list[Outcome] = field(init=False, factory=list[Outcome])

    async def run(self, records: Iterable[Record]) -> CreditorsReport:
        """Bring every record to its outcome, or as far as the job of its account can go.

        Whatever the source fails with is raised once what is under way has come to its end.
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
        return CreditorsReport(
            accounts={
                name: stream.report for name, stream in self._streams.items() if name not in self._failed
            },
            failed=dict(self._failed),
            refused=self._refused,
            issues=tuple(self._issues),
        )

    async def _split(self, records: Iterable[Record], group: asyncio.TaskGroup) -> None:
        for index, record in enumerate(records, 1):
            account = self.account_of(record, index)
            if isinstance(account, Refusal):
                self._refuse(account)
            else:
                channel = self._channels.get(account)
                if channel is None:
                    channel = self._channels[account] = RecordChannel()
                    group.create_task(self._send(account, channel))
                await channel.put(record)
            if index % _TURN == 0:
                await asyncio.sleep(0)
            if self.stop.is_set() or self._is_over():
                return

    def _is_over(self) -> bool:
        """Say whether every account that has invoices has ended its job."""
        ended = {name for name, channel in self._channels.items() if channel.is_closed}
        return bool(ended) and ended.issuperset(self.expected)

    def _refuse(self, refusal: Refusal) -> None:
        outcome = outcomes.refused(refusal)
        self._refused += 1
        if len(self._issues) < KEPT:
            self._issues.append(outcome)
        self.told(None, outcome)

    async def _send(self, account: str, channel: RecordChannel) -> None:
        stream = self._streams[account] = self.begin(account, channel)
        try:
            async for outcome in stream:
                self.told(account, outcome)
        except ConfirmaError as error:  # of this account's journal alone
            self._failed[account] = error
        finally:
            channel.close()
