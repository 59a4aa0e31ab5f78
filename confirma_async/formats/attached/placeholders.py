"""What stands in the place of an attached document until its invoice is sent.

A job may hold many records at once, but it must not hold their documents. Until an invoice is sent, a
placeholder made of the document's digest stands in its place, so that whatever is computed of the invoice
covers the document as well.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from attrs import evolve, frozen

from confirma_async.formats.attached.attachments import Attached, AttachedFile
from confirma_async.schemas import SalesInvoiceRequest


@frozen
class Placeholder:
    """What stands in the place of a document until the invoice is sent.

    Attributes:
        attached: The document.
        digest: SHA-256 of a file's contents, or of a URL.
    """

    attached: Attached
    digest: bytes

    @property
    def text(self) -> str:
        """Base64, as the document itself will be; no document has this text by chance."""
        return base64.b64encode(b"stand-in for the attached file " + self.digest).decode()

    def replaced(self, body: bytes, data: bytes) -> bytes:
        """Return the body of a request with the document in the place of the placeholder."""
        return body.replace(f'"{self.text}"'.encode(), b'"' + base64.b64encode(data) + b'"')


def with_placeholders(
    request: SalesInvoiceRequest, attached: Sequence[Attached]
) -> tuple[SalesInvoiceRequest, tuple[Placeholder, ...]]:
    """Return the request with a placeholder for each document that belongs to it.

    Raises:
        RequestInvalidError: a file cannot be read.
    """
    placeholders = tuple(Placeholder(each, each.digest()) for each in attached)
    return _embedded(request, [(each.attached, each.text) for each in placeholders]), placeholders


def with_files(request: SalesInvoiceRequest, attached: Sequence[Attached]) -> SalesInvoiceRequest:
    """Return the request with the files themselves; what is given by URL stays where it is.

    Raises:
        RequestInvalidError: a file cannot be read.
    """
    files = [each for each in attached if isinstance(each, AttachedFile)]
    return _embedded(request, [(file, base64.b64encode(file.load()).decode()) for file in files])


def _embedded(request: SalesInvoiceRequest, texts: Sequence[tuple[Attached, str]]) -> SalesInvoiceRequest:
    attachments = list(request.invoice.attachments)
    for attached, text in texts:
        attachments[attached.position] = attached.embedded(attachments[attached.position], text)
    return evolve(request, invoice=evolve(request.invoice, attachments=tuple(attachments)))
