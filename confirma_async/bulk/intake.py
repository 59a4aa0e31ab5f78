"""What comes in: any iterable of invoices, in chunks, checked and encoded."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import Any, TypeAlias

from confirma_async.bulk.items import Entry, Refusal, key_of
from confirma_async.converters import Converter
from confirma_async.errors import RequestInvalidError
from confirma_async.formats.records import BadRecord, Place, ReadInvoice
from confirma_async.resources.arguments import as_schema, encode_invoice
from confirma_async.schemas import SalesInvoiceRequest

Record: TypeAlias = SalesInvoiceRequest | Mapping[str, Any] | ReadInvoice | BadRecord
"""What a job takes: an invoice, a mapping of wire names, or what a reader of files hands on."""

Source: TypeAlias = Iterable[Record] | AsyncIterable[Record]

CHUNK = 64
"""Records that share one commit on the way into the journal."""

PATIENCE = 0.02
"""Seconds that a chunk waits for a slow asynchronous source before it goes on with what it has."""


async def chunks(source: Source, size: int = CHUNK) -> AsyncIterator[list[Record]]:
    """Cuts a source into chunks without reading ahead more than one of them."""
    if isinstance(source, AsyncIterable):
        async for patient in _patient_chunks(source, size):
            yield patient
        return
    chunk: list[Record] = []
    for record in source:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _patient_chunks(source: AsyncIterable[Record], size: int) -> AsyncIterator[list[Record]]:
    iterator = aiter(source)
    chunk: list[Record] = []
    following: asyncio.Task[Record] | None = None
    try:
        while True:
            if following is None:
                following = asyncio.ensure_future(_next(iterator))
            done, _ = await asyncio.wait({following}, timeout=PATIENCE if chunk else None)
            if done:
                task, following = following, None
                try:
                    chunk.append(task.result())
                except _Exhausted:
                    break
            if not done or len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk
    finally:
        if following is not None:
            following.cancel()


class _Exhausted(Exception):  # noqa: N818 (a signal: StopAsyncIteration cannot cross a task)
    pass


async def _next(iterator: AsyncIterator[Record]) -> Record:
    try:
        return await anext(iterator)
    except StopAsyncIteration:
        raise _Exhausted from None


def prepare(record: Record, index: int, converter: Converter, *, validate: bool) -> Entry | Refusal:
    """Checks and encodes one record.

    Args:
        record: The record.
        index: Its place in the source, from 1, for records that do not bring a place of their own.
        converter: Writes the body.
        validate: Whether to check the rules that need no server.
    """
    if isinstance(record, BadRecord):
        return Refusal(place=record.place, problems=record.problems, number=record.number)
    read = record if isinstance(record, ReadInvoice) else None
    place = read.place if read else Place(f"record {index}")
    number: str | None = None
    try:
        request = read.request if read else as_schema(_bare(record), SalesInvoiceRequest, converter)
        number = str(request.invoice.header.number)
        body = encode_invoice(request, converter, validate=validate)
    except RequestInvalidError as error:
        return Refusal(place=place, problems=error.problems, number=number)
    return Entry(
        place=place,
        key=key_of(request),
        digest=hashlib.sha256(body).digest(),
        body=body,
        remarks=read.remarks if read else (),
        original_number=read.original_number if read else None,
    )


def _bare(record: Record) -> SalesInvoiceRequest | Mapping[str, Any]:
    assert not isinstance(record, ReadInvoice | BadRecord)  # noqa: S101 (the callers have sorted these out)
    return record
