"""Puts placeholders in the place of attached documents until an invoice is sent.

A job may hold many records at once, but must not hold their documents. A placeholder is made of the digest of
its document, so that the digest of the invoice covers the document as well.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from attrs import evolve, frozen

from confirma_async.formats.attached.attachments import Attached, AttachedFile
from confirma_async.schemas import SalesInvoiceRequest


@frozen
class Placeholder:
    """Takes the place of a document in a body until the invoice is sent.

    Attributes:
        attached: The document.
        digest: The SHA-256 of the file's contents, or of the URL.
    """

    attached: Attached
    digest: bytes

    @property
    def text(self) -> str:
        """The text in the body: base64, as the document itself will be. No document has it by chance."""
        return base64.b64encode(b"stand-in for the attached file " + self.digest).decode()

    def replaced(self, body: bytes, data: bytes) -> bytes:
        """Return a body with the document in place of the placeholder."""
        return body.replace(f'"{self.text}"'.encode(), b'"' + base64.b64encode(data) + b'"')


def with_placeholders(
    request: SalesInvoiceRequest, attached: Sequence[Attached]
) -> tuple[SalesInvoiceRequest, tuple[Placeholder, ...]]:
    """Return a request with a placeholder for each of its documents.

    Raises:
        RequestInvalidError: a file cannot be read.
    """
    placeholders = tuple(Placeholder(each, each.digest()) for each in attached)
    return _embedded(request, [(each.attached, each.text) for each in placeholders]), placeholders


def with_files(request: SalesInvoiceRequest, attached: Sequence[Attached]) -> SalesInvoiceRequest:
    """Return a request with the contents of its attached files. Documents by URL are left out.

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
