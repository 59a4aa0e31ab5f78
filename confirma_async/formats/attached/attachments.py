"""PDF documents that records name by path or URL. They are loaded when the invoice is sent."""

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
"""Bytes that an attached document may have. The limit is this project's choice: the service documents
none."""

PDF = "application/pdf"

_BLOCK = 1024 * 1024
_BEGINS_WITHIN = 2048
_ENDS_WITHIN = 4096
"""Bytes at the end of a PDF that hold its end marker. Without the marker, a part of the file is missing."""

_PDF_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?[\0\t\n\f\r ]{0,1024}%PDF-[12]\.\d")
"""The beginning of a PDF. Readers accept it anywhere in the first kilobyte, where any other file may quote
it."""


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
        position: Its index among the attachments of the invoice, from 0.
        path: The path of the file.
        where: The place in the record that names it.
        within: The folder that it must be in once links are followed; None if it may be anywhere.
    """

    position: int
    path: Path
    where: str
    within: Path | None = None

    def check(self) -> Problem | None:
        """Return what is wrong with the file, as far as its size, its beginning and its end show."""
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
        """Return the SHA-256 of its contents: with another file, the invoice has other contents.

        Raises:
            RequestInvalidError: it cannot be read, is outside the folder, or has become too large.
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
            digest: Its SHA-256 when the record was read.

        Raises:
            RequestInvalidError: it cannot be read, is outside the folder, is too large, or has changed.
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
        """Return the attachment with a text as its contents: the file in base64, or its placeholder."""
        return evolve(attachment, data=data)

    def _opened(self) -> BinaryIO:
        """Open the file that all links lead to. They are followed each time, since a link can be changed.

        Raises:
            OSError: it cannot be opened, or is no regular file.
            RequestInvalidError: it is outside the folder.
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
    """A document of a record that is named by URL, and fetched when the invoice is sent.

    Attributes:
        position: Its index among the attachments of the invoice, from 0.
        url: Its URL, which may hold credentials and is in no message.
        where: The place in the record that names it.
        private: Whether it may be on this machine or in a private network.
    """

    position: int
    url: str = field(repr=False)
    where: str
    private: bool = False

    def check(self) -> Problem | None:
        """Return what is wrong with the URL. Nothing is fetched, and no host is looked up."""
        fault = url_fault(self.url)
        if fault is None and not self.private and is_private_host(urlsplit(self.url).hostname or ""):
            fault = (
                "leads to this machine or into a private network; name a public URL, or allow such "
                "(attach_private=)"
            )
        return None if fault is None else Problem(self.where, "attachment.url", fault)

    def digest(self) -> bytes:
        """Return the SHA-256 of the URL, not of the document.

        The document may change or vanish; the invoice is the same.
        """
        return hashlib.sha256(self.url.encode()).digest()

    def embedded(self, attachment: InvoiceAttachments, data: str) -> InvoiceAttachments:
        """Return the attachment with a text in place of its URL: the document in base64, or a placeholder."""
        return evolve(attachment, url=None, file_name=self.file_name, mime_type=PDF, data=data)

    @property
    def file_name(self) -> str | None:
        """The last part of the URL's path if that is the name of a PDF; anything else may be a token."""
        name = unquote(urlsplit(self.url).path).rpartition("/")[2]
        return name if name.lower().endswith(".pdf") and name.isprintable() else None

    def verify(self, data: bytes) -> None:
        """Check a document that was fetched.

        Raises:
            RequestInvalidError: it is no PDF.
        """
        if not _is_pdf(data, data):
            message = "leads to a document that is no PDF, or not a whole one; only PDFs are attached"
            raise _wrong(Problem(self.where, "attachment.pdf", message))

    def not_fetched(self, reason: str) -> RequestInvalidError:
        """Make the error for a document that could not be fetched."""
        message = f"names a URL that cannot be fetched ({reason}); mend it, and run the job again"
        return _wrong(Problem(self.where, "attachment.missing", message))

    def too_large(self) -> RequestInvalidError:
        """Make the error for a document above the limit."""
        return _wrong(Problem(self.where, "attachment.size", _too_large("leads to a document")))


Attached: TypeAlias = AttachedFile | AttachedUrl
"""A document that belongs to a record."""
