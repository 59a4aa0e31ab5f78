"""PDF documents beside the records of a file: looked at when the record is read, loaded when it is sent.

A job may hold many records at once, but it must not hold their documents. Until an invoice is sent, a
stand-in made of the document's digest stands in its place, so that whatever is computed of the invoice covers
the document as well.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import attrs
from attrs import frozen

from confirma_async.errors import Problem, RequestInvalidError
from confirma_async.schemas import SalesInvoiceRequest

LARGEST_ATTACHMENT = 10 * 1024 * 1024
"""Bytes of one attached file. The limit is this project's own: the service documents none."""

PDF = "application/pdf"

_BLOCK = 1024 * 1024
_HEADER_WITHIN = 1024
"""Bytes in which a PDF says that it is one; readers take it there, not only at the very start."""


@frozen
class AttachedFile:
    """A file that belongs to a record.

    Attributes:
        position: Its place among the attachments of the invoice, from 0.
        path: The file.
        where: Where the record names it.
    """

    position: int
    path: Path
    where: str

    def check(self) -> Problem | None:
        """What is wrong with the file, as far as a look at its start tells."""
        try:
            if not self.path.is_file():
                return self._missing()
            with self.path.open("rb") as file:
                start = file.read(_HEADER_WITHIN)
                size = file.seek(0, 2)
        except (OSError, ValueError):  # or a NUL in its name
            return self._missing()
        if b"%PDF-" not in start:
            return Problem(
                self.where, "attachment.pdf", "names a file that is no PDF; only PDFs are attached"
            )
        return self._too_large() if size > LARGEST_ATTACHMENT else None

    def digest(self) -> bytes:
        """SHA-256 of the file.

        Raises:
            RequestInvalidError: it cannot be read, or has become too large.
        """
        sha = hashlib.sha256()
        size = 0
        try:
            with self.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    sha.update(block)
                    size += len(block)
                    self._check_size(size)
        except OSError:
            raise self._wrong(self._missing()) from None
        return sha.digest()

    def load(self) -> bytes:
        """The contents of the file.

        Raises:
            RequestInvalidError: it cannot be read, or has become too large.
        """
        try:
            with self.path.open("rb") as file:
                return self._within_limit(file)
        except OSError:
            raise self._wrong(self._missing()) from None

    def _within_limit(self, file: BinaryIO) -> bytes:
        data = file.read(LARGEST_ATTACHMENT + 1)
        self._check_size(len(data))
        return data

    def _check_size(self, size: int) -> None:
        if size > LARGEST_ATTACHMENT:
            raise self._wrong(self._too_large())

    def changed(self) -> RequestInvalidError:
        """The error of a file that is not what it was when the record was read."""
        message = "names a file that has changed since it was read; run the job again"
        return self._wrong(Problem(self.where, "attachment.changed", message))

    def _missing(self) -> Problem:
        message = "names a file that is not there or cannot be read (paths begin at the folder of the table)"
        return Problem(self.where, "attachment.missing", message)

    def _too_large(self) -> Problem:
        message = (
            f"names a file of more than {LARGEST_ATTACHMENT // 1024**2} MiB, which is this SDK's own limit; "
            "make it smaller, or give a URL"
        )
        return Problem(self.where, "attachment.size", message)

    def _wrong(self, problem: Problem) -> RequestInvalidError:
        return RequestInvalidError("the list of attachments", [problem])


@frozen
class StandIn:
    """What stands in the place of a file until the invoice is sent.

    Attributes:
        file: The file.
        digest: SHA-256 of its contents.
    """

    file: AttachedFile
    digest: bytes

    @property
    def text(self) -> str:
        """Base64, as the file itself will be; no file has this text by chance."""
        return base64.b64encode(b"stand-in for the attached file " + self.digest).decode()


def with_stand_ins(
    request: SalesInvoiceRequest, files: Sequence[AttachedFile]
) -> tuple[SalesInvoiceRequest, tuple[StandIn, ...]]:
    """The request with a stand-in for each file that belongs to it.

    Raises:
        RequestInvalidError: a file cannot be read.
    """
    stand_ins = tuple(StandIn(file, file.digest()) for file in files)
    return _with_data(request, {each.file.position: each.text for each in stand_ins}), stand_ins


def with_files(request: SalesInvoiceRequest, files: Sequence[AttachedFile]) -> SalesInvoiceRequest:
    """The request with the files themselves.

    Raises:
        RequestInvalidError: a file cannot be read.
    """
    return _with_data(request, {file.position: base64.b64encode(file.load()).decode() for file in files})


def _with_data(request: SalesInvoiceRequest, data: dict[int, str]) -> SalesInvoiceRequest:
    attachments = tuple(
        attrs.evolve(attachment, data=data.get(position, attachment.data))
        for position, attachment in enumerate(request.invoice.attachments)
    )
    return attrs.evolve(request, invoice=attrs.evolve(request.invoice, attachments=attachments))


def filled(body: bytes, stand_ins: Sequence[StandIn]) -> bytes:
    """The body of a request with the files in the places of their stand-ins; they are read now.

    Raises:
        RequestInvalidError: a file cannot be read, or has changed since its stand-in was made.
    """
    for each in stand_ins:
        data = each.file.load()
        if hashlib.sha256(data).digest() != each.digest:
            raise each.file.changed()
        body = body.replace(f'"{each.text}"'.encode(), b'"' + base64.b64encode(data) + b'"')
    return body
