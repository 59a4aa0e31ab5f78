"""One stream of records, split between the jobs of many accounts in bounded memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from attrs import define, field

from confirma_async.bulk.job.preparation import Record
from confirma_async.bulk.models import Entry, RefusedRecord
from confirma_async.converters import Converter
from confirma_async.creditors.profiles import Profiles
from confirma_async.errors import RequestInvalidError
from confirma_async.formats.models import BadRecord, DocumentRef, Identity, Place, ReadInvoice
from confirma_async.resources.arguments import as_schema, number_of
from confirma_async.schemas import InvoiceType, SalesInvoiceRequest

AHEAD = 512
"""Records that wait for the job of one account before the reading of all waits for it."""


@define
class RecordChannel:
    """The records of one account on their way to its job: ``async for record in channel``."""

    _waiting: deque[Record] = field(init=False, factory=deque[Record])
    _changed: asyncio.Event = field(init=False, factory=asyncio.Event)
    _room: asyncio.Event = field(init=False, factory=asyncio.Event)
    _complete: bool = field(init=False, default=False)
    is_closed: bool = field(init=False, default=False)

    async def put(self, record: Record) -> None:
        """Wait for room, then add a record; drop it if the job has ended."""
        while len(self._waiting) >= AHEAD and not self.is_closed:
            self._room.clear()
            await self._room.wait()
        if not self.is_closed:
            self._waiting.append(record)
            self._changed.set()

    def finish(self) -> None:
        """End the channel: there are no more records."""
        self._complete = True
        self._changed.set()

    def close(self) -> None:
        """Drop the records from now on: the job has ended. Closing twice is fine."""
        self.is_closed = True
        self._waiting.clear()
        self._room.set()

    async def __aiter__(self) -> AsyncIterator[Record]:
        while True:
            while self._waiting:
                record = self._waiting.popleft()
                self._room.set()
                yield record
            if self._complete:
                return
            self._changed.clear()
            await self._changed.wait()


def request_of(
    record: SalesInvoiceRequest | ReadInvoice | Mapping[str, Any], converter: Converter
) -> SalesInvoiceRequest:
    """Return the invoice of a record.

    Raises:
        RequestInvalidError: a mapping is no invoice.
    """
    given = record.request if isinstance(record, ReadInvoice) else record
    return as_schema(given, SalesInvoiceRequest, converter)


def account_of(record: Record, index: int, profiles: Profiles, converter: Converter) -> str | RefusedRecord:
    """Return the name of the account that sends a record, or the refusal of a record of no account.

    Args:
        record: The record.
        index: Its place in the source, from 1, for records that do not bring a place of their own.
        profiles: The accounts, with their sellers.
        converter: Reads mappings.
    """
    if isinstance(record, RefusedRecord):
        return record
    if isinstance(record, BadRecord):
        return RefusedRecord(place=record.place, problems=record.problems, number=record.number)
    number: str | None = None
    try:
        if isinstance(record, Entry):
            number = str(record.key.number)
            return profiles.account_of(record.key.seller)
        request = request_of(record, converter)
        number = number_of(request)
        return profiles.account_of(request.seller_identifier)
    except RequestInvalidError as error:
        return RefusedRecord(place=_place_of(record, index), problems=error.problems, number=number)


def documents(records: Iterable[Record], converter: Converter) -> Iterator[DocumentRef]:
    """Yield the documents of records, with seller and number; skip records that cannot be read."""
    for index, record in enumerate(records, 1):
        if isinstance(record, BadRecord | RefusedRecord):
            continue
        if isinstance(record, Entry):
            key = record.key
            yield DocumentRef(Identity(key.seller, InvoiceType(key.type), str(key.number)), record.place)
            continue
        try:
            request = request_of(record, converter)
        except RequestInvalidError:
            continue
        header = request.invoice.header
        identity = Identity(request.seller_identifier, header.type, str(header.number))
        yield DocumentRef(identity, _place_of(record, index))


def _place_of(record: Record, index: int) -> Place:
    return record.place if isinstance(record, ReadInvoice | BadRecord | Entry) else Place(f"record {index}")
