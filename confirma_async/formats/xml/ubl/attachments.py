"""Attachments of a UBL document: documents inside it, and links to PDF documents."""

from __future__ import annotations

import base64
import binascii

from confirma_async.formats.payload import Draft
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import is_pdf
from confirma_async.formats.xml.reading.element_reader import ElementReader

_ATTACHMENT = "cac:AdditionalDocumentReference/cac:Attachment"
_EMBEDDED = "cbc:EmbeddedDocumentBinaryObject"
_LINK = "cac:ExternalReference/cbc:URI"
_NAME, _TYPE = "filename", "mimeCode"


def attachments(reader: ElementReader) -> None:
    """Put in the attachments; a link that is none to a PDF, or stands beside the document, is left."""
    found: list[tuple[Element | None, Element | None]] = []
    for holder in reader.every(reader.root, _ATTACHMENT):
        embedded, link = reader.first(holder, _EMBEDDED), reader.first(holder, _LINK)
        if link is not None and embedded is not None:
            reader.findings.remark(
                link, "stands beside the document itself, which is sent; the link is kept in the details"
            )
            link = None
        elif link is not None and not is_pdf(reader, link):
            link = None
        if embedded is not None or link is not None:
            found.append((embedded, link))
    parts = reader.draft.items("invoice.attachments", len(found))
    for part, (embedded, link) in zip(parts, found, strict=True):
        if link is not None:
            reader.take(part, "url", link)
        if embedded is not None:
            _embed(reader, part, embedded)


def _embed(reader: ElementReader, part: Draft, embedded: Element) -> None:
    part.put("fileName", embedded.get(_NAME), embedded)
    part.put("mimeType", embedded.get(_TYPE), embedded)
    data = "".join((embedded.text or "").split())
    part.put("data", data, embedded)
    reader.imply(embedded, *[name for name in (_NAME, _TYPE) if embedded.get(name) is not None])
    embedded.text = None  # it may be large, and the request has it now
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        reader.findings.wrong(embedded, "xml.base64", "is not valid base64; attach the document again")
