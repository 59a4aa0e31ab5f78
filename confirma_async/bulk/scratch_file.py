"""Prepares the records of a job's files before anything is sent, and keeps them in a scratch file.

Each file is read once. What was checked is what is sent, even if the files change in the meantime.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Self

import msgspec
from attrs import evolve

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.models import Entry, RefusedRecord
from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats.attached.attachments import Attached, AttachedFile, AttachedUrl
from confirma_async.formats.attached.placeholders import Placeholder
from confirma_async.formats.models import (
    BadRecord,
    DocumentRef,
    Identity,
    Place,
    ReadInvoice,
    located_path,
)
from confirma_async.formats.numbers.duplicates import NUMBER, DuplicateNumbers, standing_twice
from confirma_async.formats.spooled import no_room
from confirma_async.privacy import number_shown
from confirma_async.schemas import InvoiceType
from confirma_async.schemas.identity import InvoiceKey
from confirma_async.validation import Checks

_BUFFER = 1024 * 1024
_LENGTH = 8
"""Bytes before each record that hold its length."""


class _ScratchDocument(msgspec.Struct, array_like=True, gc=False):
    """A document of an entry, a file or a URL. Its contents are not kept."""

    position: int
    where: str
    digest: bytes
    path: bytes = b""
    within: bytes | None = None
    url: str = ""
    private: bool = False


class _Ready(msgspec.Struct, array_like=True, gc=False):
    """The fields that an entry has and a refused record has not."""

    key: tuple[str, str, int, str, str]
    digest: bytes
    body: bytes
    remarks: tuple[str, ...]
    documents: tuple[_ScratchDocument, ...]


class _ScratchRecord(msgspec.Struct, array_like=True, gc=False):
    """A record as it is kept. ``ready`` is None for a refused one; ``number_at`` is its number's path."""

    source: str
    line: int | None
    number: str | None
    amount: Decimal | None
    currency: str
    problems: tuple[Problem, ...]
    identity: tuple[str, str, str] | None
    number_at: str
    ready: _Ready | None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_ScratchRecord)


class PreparedRecords:
    """The records of files, checked and encoded, in order: ``for record in prepared``. Use it with ``with``.

    Records that bear the same number are all refused, before any of them is sent. A million records need no
    more memory than a thousand. The scratch file holds personal data: only this user can read it, and it has
    no name while it is open, so that nothing is left of it however the process ends.

    Args:
        converter: Writes the bodies.
        checks: How strictly records are checked by the rules that need no server.

    Attributes:
        count: The number of records.
    """

    def __init__(self, converter: Converter, checks: Checks) -> None:
        self.count: int = 0
        self._converter = converter
        self._checks = checks
        self._duplicates = DuplicateNumbers()
        try:
            self._file = tempfile.TemporaryFile(  # noqa: SIM115 (closed by ``__exit__``)
                prefix="confirma-", buffering=_BUFFER
            )
        except OSError as error:
            raise no_room(error) from None

    def take(self, records: Iterable[ReadInvoice | BadRecord]) -> None:
        """Prepare all records, and keep them.

        Raises:
            ConfigurationError: there is no room for them.
        """
        deque(self.documents(records), maxlen=0)

    def documents(self, records: Iterable[ReadInvoice | BadRecord]) -> Iterator[DocumentRef]:
        """Prepare and keep records as ``take`` does, and yield each document with its own number and place.

        Raises:
            ConfigurationError: there is no room for them.
        """
        yield from self._duplicates.watch(self._keep(records))
        try:
            self._file.flush()
        except OSError as error:
            raise no_room(error) from None

    def _keep(self, records: Iterable[ReadInvoice | BadRecord]) -> Iterator[DocumentRef]:
        for record in records:
            self.count += 1
            prepared = prepare(record, self.count, self._converter, self._checks)
            identity = record.identity
            data = _ENCODER.encode(_kept(prepared, identity, _number_at(record)))
            try:
                self._file.write(len(data).to_bytes(_LENGTH, "big"))
                self._file.write(data)
            except OSError as error:
                raise no_room(error) from None
            if identity is not None:
                yield DocumentRef(identity, record.place)

    def __iter__(self) -> Iterator[Entry | RefusedRecord]:
        self._file.seek(0)
        while length := self._file.read(_LENGTH):
            kept = _DECODER.decode(self._file.read(int.from_bytes(length, "big")))
            record = _record(kept)
            if kept.identity is not None and self._duplicates.are_any:
                seller, kind, original = kept.identity
                identity = Identity(seller, InvoiceType(kind), original)
                record = self._refused_if_twice(record, identity, kept.number_at)
            yield record

    def _refused_if_twice(
        self, record: Entry | RefusedRecord, identity: Identity, number_at: str
    ) -> Entry | RefusedRecord:
        places = self._duplicates.find(identity)
        if places is None:
            return record
        problems = [standing_twice(identity, places, number_at)]
        if isinstance(record, RefusedRecord):  # reported as well, so that all problems are known at once
            return evolve(record, problems=[*problems, *record.problems])
        return RefusedRecord(
            place=record.place,
            problems=problems,
            number=number_shown(identity.original),
            amount=record.amount,
            currency=record.currency,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close the scratch file, which removes it."""
        self._duplicates.close()
        with contextlib.suppress(OSError):  # what could not be written any more
            self._file.close()


def _number_at(record: ReadInvoice | BadRecord) -> str:
    """Return the path of a record's number, as messages name it.

    This is needed for every record and shown for few, so no file is read again for it.
    """
    origins = record.origins if isinstance(record, ReadInvoice) else None
    return NUMBER if origins is None else located_path(NUMBER, origins.name(NUMBER))


def _kept(record: Entry | RefusedRecord, identity: Identity | None, number_at: str) -> _ScratchRecord:
    number, problems, ready = (
        (record.original_number, record.warnings, _ready(record))
        if isinstance(record, Entry)
        else (record.number, record.problems, None)
    )
    return _ScratchRecord(
        source=record.place.source,
        line=record.place.line,
        number=number,
        amount=record.amount,
        currency=record.currency,
        problems=tuple(problems),
        identity=None if identity is None else (identity.seller, str(identity.type), identity.original),
        number_at=number_at,
        ready=ready,
    )


def _ready(entry: Entry) -> _Ready:
    key = entry.key
    return _Ready(
        key=(key.seller, key.type, key.number, key.repeat, key.date),
        digest=entry.digest,
        body=entry.body,
        remarks=tuple(entry.remarks),
        documents=tuple(map(_document, entry.placeholders)),
    )


def _document(placeholder: Placeholder) -> _ScratchDocument:
    attached, digest = placeholder.attached, placeholder.digest
    if isinstance(attached, AttachedUrl):
        return _ScratchDocument(
            attached.position, attached.where, digest, url=attached.url, private=attached.private
        )
    within = None if attached.within is None else os.fsencode(attached.within)
    return _ScratchDocument(attached.position, attached.where, digest, os.fsencode(attached.path), within)


def _record(kept: _ScratchRecord) -> Entry | RefusedRecord:
    place, ready = Place(kept.source, kept.line), kept.ready
    if ready is None:
        return RefusedRecord(
            place=place,
            problems=kept.problems,
            number=kept.number,
            amount=kept.amount,
            currency=kept.currency,
        )
    return Entry(
        place=place,
        key=InvoiceKey(*ready.key),
        digest=ready.digest,
        body=ready.body,
        placeholders=tuple(Placeholder(_attached(each), each.digest) for each in ready.documents),
        amount=kept.amount,
        currency=kept.currency,
        remarks=ready.remarks,
        warnings=kept.problems,
        original_number=kept.number,
    )


def _attached(document: _ScratchDocument) -> Attached:
    if document.url:
        return AttachedUrl(document.position, document.url, document.where, document.private)
    within = None if document.within is None else Path(os.fsdecode(document.within))
    return AttachedFile(document.position, Path(os.fsdecode(document.path)), document.where, within)
