"""Packs planned invoices into one compressed body, which a worker takes from the journal as a chunk."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from attrs import frozen

from confirma_async.bulk.models import Entry
from confirma_async.errors import ConfigurationError, JournalError
from confirma_async.formats.models import Place
from confirma_async.schemas.identity import InvoiceKey

try:
    import zstandard
except ImportError as _missing:
    raise ConfigurationError(
        "workers over PostgreSQL need zstandard: pip install 'confirma-sdk[postgres]'"
    ) from _missing

LEVEL = 1
"""The level of compression, the lowest: bodies are so alike that more effort gains next to nothing.

Zstandard, not zlib: zlib looks back over 32 KiB, which is five invoices of ten rows, and costs ten times as
much CPU.
"""


_Packed = tuple[str, str, str, int, str, str, bytes, bytes]
_DECODER = msgspec.msgpack.Decoder(list[_Packed])
_ENCODER = msgspec.msgpack.Encoder()


class UnreadableBodiesError(JournalError):
    """The packed invoices of a planned chunk cannot be read; nothing of it is sent."""


@frozen
class Bundle:
    """Entries, and the compressed form in which the journal keeps them; it knows their positions.

    Attributes:
        entries: The invoices to send, with their documents in the bodies.
        packed: The entries, compressed.
    """

    entries: Sequence[Entry]
    packed: bytes

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Bundle:
        """Pack entries. Python's lock is released during most of the work."""
        rows: list[_Packed] = [
            (
                str(entry.place),
                (key := entry.key).seller,
                key.type,
                key.number,
                key.repeat,
                key.date,
                entry.digest,
                entry.body,
            )
            for entry in entries
        ]
        return cls(entries, _compressed(rows))


def _compressed(rows: Sequence[_Packed]) -> bytes:
    return zstandard.ZstdCompressor(LEVEL, write_checksum=True).compress(_ENCODER.encode(rows))


def _rows(packed: bytes, count: int) -> list[_Packed]:
    try:
        rows = _DECODER.decode(zstandard.ZstdDecompressor().decompress(packed))
    except (zstandard.ZstdError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unreadable(type(error).__name__) from None  # it may hold a body
    if len(rows) != count:
        raise _unreadable(f"{len(rows)} of them, not {count}")
    return rows


def _unreadable(fault: str) -> UnreadableBodiesError:
    return UnreadableBodiesError(
        f"planned invoices cannot be unpacked ({fault}): they are damaged, or another version has packed them"
    )


def packed_of(packed: bytes, positions: Sequence[int], wanted: Sequence[int]) -> bytes:
    """Return a bundle with only some of the invoices of another one.

    Args:
        packed: The bundle, compressed.
        positions: The positions of all its invoices, in order.
        wanted: The positions of the invoices to keep, in the same order.

    Raises:
        UnreadableBodiesError: the bundle cannot be read.
    """
    chosen = set(wanted)
    found = zip(positions, _rows(packed, len(positions)), strict=True)
    return _compressed([row for position, row in found if position in chosen])


def unpacked(packed: bytes, count: int) -> list[Entry]:
    """Return the invoices of a compressed bundle, in order, with their documents in the bodies.

    Args:
        packed: The bundle, compressed.
        count: How many invoices it holds.

    Raises:
        UnreadableBodiesError: the bundle cannot be read.
    """
    return [
        Entry(
            place=Place(place),
            key=InvoiceKey(seller, kind, number, repeat, date),
            digest=digest,
            body=contents,
        )
        for place, seller, kind, number, repeat, date, digest, contents in _rows(packed, count)
    ]
