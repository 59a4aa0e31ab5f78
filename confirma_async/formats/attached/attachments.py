"""PDF documents beside the records of a file: named when the record is read, loaded when it is sent."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO, TypeAlias
from urllib.parse import unquote, urlsplit

from attrs import evolve, field, frozen

from confirma_async.errors import Problem, RequestInvalidError
from confirma_async.schemas import InvoiceAttachments
from confirma_async.validation.values.internet import is_private_host, url_fault

LARGEST_ATTACHMENT = 10 * 1024 * 1024
"""Bytes of one attached document. The limit is this project's own: the service documents none."""

PDF = "application/pdf"

_BLOCK = 1024 * 1024
_BEGINS_WITHIN = 2048
_ENDS_WITHIN = 4096
"""Bytes at the end of a PDF in which the mark of its end stands; without it, a part is missing."""

_PDF_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?[\0\t\n\f\r ]{0,1024}%PDF-[12]\.\d")
"""How a PDF begins. Readers find it anywhere in the first kilobyte, where any other file may quote it."""


def _is_pdf(start: bytes, end: bytes) -> bool:
    return _PDF_BEGINS.match(start) is not None and b"%%EOF" in end[-_ENDS_WITHIN:]


def _too_large(what: str) -> str:
    return (
        f"{what} of more than {LARGEST_ATTACHMENT // 1024**2} MiB, which is this SDK's own limit; "
        "make it smaller, or pass a URL on (the column attachment_url)"
    )


def _wrong(problem: Problem) -> RequestInvalidError:
    return RequestInvalidError("the list of attachments", [problem])


@frozen
class AttachedFile:
    """A file that belongs to a record.

    Attributes:
        position: Its place among the attachments of the invoice, from 0.
        path: The file.
        where: Where the record names it.
        within: The folder that it must be in, links followed; None where it may be anywhere.
    """

    position: int
    path: Path
    where: str
    within: Path | None = None

    def check(self) -> Problem | None:
        """Return what is wrong with the file, as far as a look at its start and its end tells."""
        try:
            with self._opened() as file:
                start = file.read(_BEGINS_WITHIN)
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _ENDS_WITHIN))
                end = file.read(_ENDS_WITHIN)
        except RequestInvalidError as error:
            return error.problems[0]
        except (OSError, ValueError):  # or a NUL in its name
            return self._missing()
        if not _is_pdf(start, end):
            return Problem(
                self.where,
                "attachment.pdf",
                "names a file that is no PDF, or not a whole one; only PDFs are attached",
            )
        return self._too_large() if size > LARGEST_ATTACHMENT else None

    def digest(self) -> bytes:
        """Return SHA-256 of its contents: a file that changes makes another invoice.

        Raises:
            RequestInvalidError: it cannot be read, lies elsewhere, or has become too large.
        """
        sha = hashlib.sha256()
        size = 0
        try:
            with self._opened() as file:
                while block := file.read(_BLOCK):
                    sha.update(block)
                    size += len(block)
                    self._check_size(size)
        except OSError:
            raise _wrong(self._missing()) from None
        return sha.digest()

    def load(self, digest: bytes | None = None) -> bytes:
        """Return the contents of the file.

        Args:
            digest: What its SHA-256 was when the record was read.

        Raises:
            RequestInvalidError: it cannot be read, lies elsewhere, is too large, or is not what it was.
        """
        try:
            with self._opened() as file:
                data = file.read(LARGEST_ATTACHMENT + 1)
        except OSError:
            raise _wrong(self._missing()) from None
        self._check_size(len(data))
        if digest is not None and hashlib.sha256(data).digest() != digest:
            message = "names a file that has changed since it was read; run the job again"
            raise _wrong(Problem(self.where, "attachment.changed", message))
        return data

    def embedded(self, attachment: InvoiceAttachments, data: str) -> InvoiceAttachments:
        """Return the attachment with the file in it, or what stands for it."""
        return evolve(attachment, data=data)

    def _opened(self) -> BinaryIO:
        """Return the file, opened where all links lead to; looked at each time, for a link can be turned.

        Raises:
            OSError: it cannot be opened, or is no regular file.
            RequestInvalidError: it lies outside the folder.
        """
        real = Path(os.path.realpath(self.path))
        if self.within is not None and not real.is_relative_to(os.path.realpath(self.within)):
            message = (
                "names a file outside the folder of the table; move it there, or allow files from anywhere "
                "(attach_anywhere=)"
            )
            raise _wrong(Problem(self.where, "attachment.folder", message))
        if not real.is_file():
            raise FileNotFoundError
        return open(os.open(real, os.O_RDONLY | os.O_NOFOLLOW), "rb")

    def _check_size(self, size: int) -> None:
        if size > LARGEST_ATTACHMENT:
            raise _wrong(self._too_large())

    def _missing(self) -> Problem:
        message = "names a file that is not there or cannot be read (paths begin at the folder of the table)"
        return Problem(self.where, "attachment.missing", message)

    def _too_large(self) -> Problem:
        return Problem(self.where, "attachment.size", _too_large("names a file"))


@frozen
class AttachedUrl:
    """A document somewhere else that belongs to a record; whoever sends the invoice fetches it.

    Attributes:
        position: Its place among the attachments of the invoice, from 0.
        url: Where it is; it may hold credentials and shows in no message.
        where: Where the record names it.
        private: Whether it may lie on this machine or in a private network.
    """

    position: int
    url: str = field(repr=False)
    where: str
    private: bool = False

    def check(self) -> Problem | None:
        """Return what is wrong with the URL; nothing is fetched, and no name server asked."""
        fault = url_fault(self.url)
        if fault is None and not self.private and is_private_host(urlsplit(self.url).hostname or ""):
            fault = (
                "leads to this machine or into a private network; name a public URL, or allow such "
                "(attach_private=)"
            )
        return None if fault is None else Problem(self.where, "attachment.url", fault)

    def digest(self) -> bytes:
        """Return SHA-256 of the URL, not of what is behind it.

        That may change or go, the invoice stays the same.
        """
        return hashlib.sha256(self.url.encode()).digest()

    def embedded(self, attachment: InvoiceAttachments, data: str) -> InvoiceAttachments:
        """Return the attachment with the document in it, or what stands for it, instead of its URL."""
        return evolve(attachment, url=None, file_name=self.file_name, mime_type=PDF, data=data)

    @property
    def file_name(self) -> str | None:
        """The end of the URL's path where it is the name of a PDF; anything else may be a token."""
        name = unquote(urlsplit(self.url).path).rpartition("/")[2]
        return name if name.lower().endswith(".pdf") and name.isprintable() else None

    def verify(self, data: bytes) -> None:
        """Look at what was fetched.

        Raises:
            RequestInvalidError: it is no PDF.
        """
        if not _is_pdf(data, data):
            message = "leads to a document that is no PDF, or not a whole one; only PDFs are attached"
            raise _wrong(Problem(self.where, "attachment.pdf", message))

    def not_fetched(self, reason: str) -> RequestInvalidError:
        """Return the error of a document that did not come."""
        message = f"names a URL that cannot be fetched ({reason}); mend it, and run the job again"
        return _wrong(Problem(self.where, "attachment.missing", message))

    def too_large(self) -> RequestInvalidError:
        """Return the error of a document above the limit."""
        return _wrong(Problem(self.where, "attachment.size", _too_large("leads to a document")))


Attached: TypeAlias = AttachedFile | AttachedUrl
"""What belongs to a record beside its own values."""
