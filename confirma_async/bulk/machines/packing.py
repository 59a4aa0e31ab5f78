"""Invoices on their way from who planned them to who sends them: packed together, and compressed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec
from attrs import frozen

from confirma_async.bulk.models import Entry, InvoiceKey
from confirma_async.formats.models import Place

LEVEL = 1
"""How hard bodies are compressed: they are alike, and the least effort finds nearly all of that."""


@frozen
class PlannedInvoice:
    """An invoice of a planned chunk.

    Attributes:
        position: Its name in the journal.
        entry: What is to be sent; its documents are in the body.
    """

    position: int
    entry: Entry


_Packed = tuple[int, str, str, str, int, str, str, bytes, bytes]
_DECODER = msgspec.msgpack.Decoder(list[_Packed])
_ENCODER = msgspec.msgpack.Encoder()


def packed(invoices: Sequence[PlannedInvoice]) -> bytes:
    """Return invoices as they are kept."""
    rows: list[_Packed] = [
        (
            invoice.position,
            str(invoice.entry.place),
            invoice.entry.key.seller,
            invoice.entry.key.type,
            invoice.entry.key.number,
            invoice.entry.key.repeat,
            invoice.entry.key.date,
            invoice.entry.digest,
            invoice.entry.body,
        )
        for invoice in invoices
    ]
    return zlib.compress(_ENCODER.encode(rows), LEVEL)


def unpacked(body: bytes) -> Sequence[PlannedInvoice]:
    """Return invoices from what was kept."""
    return [
        PlannedInvoice(
            position,
            Entry(
                place=Place(place),
                key=InvoiceKey(seller, kind, number, repeat, date),
                digest=digest,
                body=contents,
            ),
        )
        for position, place, seller, kind, number, repeat, date, digest, contents in _DECODER.decode(
            zlib.decompress(body)
        )
    ]
