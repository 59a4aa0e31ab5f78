"""Preparation of records: reads any iterable of invoices in batches, checks and encodes each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from confirma_async.bulk.models import Entry, RefusedRecord, digest_of, gross_of
from confirma_async.converters import Converter
from confirma_async.errors import RequestInvalidError
from confirma_async.formats.attached.placeholders import Placeholder, with_placeholders
from confirma_async.formats.models import BadRecord, Place, ReadInvoice
from confirma_async.resources.arguments import as_schema, encode_invoice, number_of
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.schemas.identity import InvoiceKey
from confirma_async.validation import Checks

Record: TypeAlias = SalesInvoiceRequest | Mapping[str, Any] | ReadInvoice | BadRecord | Entry | RefusedRecord
"""A record of a source: an invoice, a mapping of wire names, what a reader yields, or a prepared record."""

Source: TypeAlias = Iterable[Record] | AsyncIterable[Record]

BATCH_SIZE = 64
"""Records that are admitted to the journal in one commit, at most."""

PATIENCE = 0.02
"""Seconds to wait for a slow source before a batch goes on with the records that it has."""


def batches(source: Source, size: int = BATCH_SIZE) -> AsyncGenerator[list[Record]]:
    """Yield a source in batches; read no further ahead than the batch that is being filled."""
    if isinstance(source, AsyncIterable):
        return _patient_batches(source, size)
    return _batches(source, size)


async def _batches(source: Iterable[Record], size: int) -> AsyncGenerator[list[Record]]:
    batch: list[Record] = []
    began = time.monotonic()
    for record in source:
        batch.append(record)
        if len(batch) == size or time.monotonic() - began > PATIENCE:
            yield batch
            batch, began = [], time.monotonic()
    if batch:
        yield batch


async def _patient_batches(source: AsyncIterable[Record], size: int) -> AsyncGenerator[list[Record]]:
    iterator = aiter(source)
    batch: list[Record] = []
    following: asyncio.Task[Record] | None = None
    try:
        while True:
            if following is None:
                following = asyncio.ensure_future(_next(iterator))
            done, _ = await asyncio.wait({following}, timeout=PATIENCE if batch else None)
            if done:
                task, following = following, None
                try:
                    batch.append(task.result())
                except _Exhausted:
                    break
            if not done or len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
    finally:
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


class _Exhausted(Exception):  # noqa: N818 (a signal: StopAsyncIteration cannot cross a task)
    pass


async def _next(iterator: AsyncIterator[Record]) -> Record:
    try:
        return await anext(iterator)
    except StopAsyncIteration:
        raise _Exhausted from None


def prepare(record: Record, index: int, converter: Converter, checks: Checks) -> Entry | RefusedRecord:
    """Check and encode one record.

    Args:
        record: The record, in any of the forms of ``Record``.
        index: Its place in the source, from 1; used where the record names no place of its own.
        converter: Writes the body.
        checks: How strictly it is checked by the rules that need no server.
    """
    if isinstance(record, Entry | RefusedRecord):
        return record
    if isinstance(record, BadRecord):
        facts = record.facts
        return RefusedRecord(
            place=record.place,
            problems=record.problems,
            number=record.number,
            amount=facts.amount,
            currency=facts.currency,
        )
    read, given = (record, record.request) if isinstance(record, ReadInvoice) else (None, record)
    place = read.place if read else Place(f"record {index}")
    request: SalesInvoiceRequest | None = None
    try:
        request = as_schema(given, SalesInvoiceRequest, converter)
        placeholders: Sequence[Placeholder] = ()
        if read is not None and read.attached:
            request, placeholders = with_placeholders(request, read.attached)
        # What a reader has said of unknown keys is not said again; strictly, they are refused.
        keys = checks.validate == "strict" if read else not isinstance(given, SalesInvoiceRequest)
        body, warnings = encode_invoice(request, converter, checks, keys=keys)
    except RequestInvalidError as error:
        number = None if request is None else number_of(request)
        problems = error.problems if read is None else read.located(error.problems)
        amount = None if read is None else gross_of(read.request)
        currency = "" if read is None else read.request.invoice.header.currency_code
        return RefusedRecord(place=place, problems=problems, number=number, amount=amount, currency=currency)
    return Entry(
        place=place,
        key=InvoiceKey.of(request),
        digest=digest_of(body),
        body=body,
        placeholders=placeholders,
        amount=gross_of(request),
        currency=request.invoice.header.currency_code,
        remarks=read.remarks if read else (),
        warnings=tuple(warnings),  # one empty tuple for nearly all
        original_number=read.original_number if read else None,
    )
