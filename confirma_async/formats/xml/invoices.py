"""Reads the invoices of XML files: each document by the reader of its kind, with the envelope around it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from attrs import evolve, frozen

from confirma_async.errors import Problem
from confirma_async.formats.models import (
    BadRecord,
    DocumentRef,
    Identity,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
)
from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.documents import Document, documents
from confirma_async.formats.xml.elements import local_name
from confirma_async.formats.xml.finvoice import finvoice_identity, finvoice_invoice
from confirma_async.formats.xml.finvoice.codes import DIALECT as FINVOICE, FINVOICE_ROOT
from confirma_async.formats.xml.framed import NO_ENVELOPE, Envelope, FramedDocument
from confirma_async.formats.xml.markup.reusable import ReusableDocument
from confirma_async.formats.xml.parse import Element, UnreadableXml, as_utf8, parse
from confirma_async.formats.xml.parts import NUMBER
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.ubl import DIALECT as UBL, ubl_identity, ubl_invoice
from confirma_async.formats.xml.ubl.codes import CREDIT_NOTE_ROOT, INVOICE_ROOT

_Read: TypeAlias = Callable[[FramedDocument, Place, ReadOptions], ReadInvoice | BadRecord]
_Identify: TypeAlias = Callable[[ElementReader, str], Identity]

_KINDS: Mapping[str, tuple[_Read, _Identify, Dialect]] = {
    INVOICE_ROOT: (ubl_invoice, ubl_identity, UBL),
    CREDIT_NOTE_ROOT: (ubl_invoice, ubl_identity, UBL),
    FINVOICE_ROOT: (finvoice_invoice, finvoice_identity, FINVOICE),
}
"""The readers of documents, by their root elements."""

_ATTACHED = "{urn:oasis:names:specification:ubl:schema:xsd:AttachedDocument-2}AttachedDocument"
_EMBEDDED = (
    "{*}Attachment/{*}ExternalReference/{*}Description",
    "{*}Attachment/{*}EmbeddedDocumentBinaryObject",
)
_DECLARATION = re.compile(r"\A<\?xml[^>]*\?>")  # says how it was encoded once, before it became text here
_SPACE = "\ufeff\xa0 \t\r\n"
"""Bytes around a document that are no part of it: spaces, and byte order marks."""
_ROOT_NAME = re.compile(rb"<(?:[^\s<>/:]+:)?(?:Invoice|CreditNote|Finvoice)(?![\w.:-])")
_XML_KIND = re.compile(r"xml|text/plain|octet-stream", re.IGNORECASE)
"""Media types of contents that may be XML."""
_PDF = b"%PDF"
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_ENVELOPE = "Envelope"
_EMPTY_ENVELOPE = Problem(
    "/",
    "xml.root",
    "is an envelope with no document in it or after it; add the invoice, or remove the envelope",
)


@frozen
class _Found:
    """A document that was found, or the problem in its place.

    Attributes:
        place: The place of the document.
        what: The document, or its problem.
        remarks: Decisions about its encoding.
        around: The documents around it whose elements are used again.
    """

    place: Place
    what: FramedDocument | Problem
    remarks: tuple[str, ...] = ()
    around: Sequence[ReusableDocument] = ()

    def release(self) -> None:
        """Put the elements back into their pools, once the document is read."""
        own = self.what.reusable if isinstance(self.what, FramedDocument) else None
        for each in self.around if own is None else (own, *self.around):
            each.release()


def read_xml(path: Path, options: ReadOptions) -> Iterator[ReadInvoice | BadRecord]:
    """Yield the invoices of an XML file.

    Raises:
        InputError: the file begins with a document of another kind.
    """
    for found in _found(path):
        if isinstance(found.what, Problem):
            yield BadRecord(place=found.place, problems=[found.what])
        else:
            record = _KINDS[found.what.root.tag][0](found.what, found.place, options)
            found.release()
            if found.remarks and isinstance(record, ReadInvoice):
                record = evolve(record, remarks=(*found.remarks, *record.remarks))
            yield record


def scan_xml(path: Path) -> Iterator[DocumentRef]:
    """Yield the documents of an XML file.

    Raises:
        InputError: the file begins with a document of another kind.
    """
    for found in _found(path):
        if not isinstance(found.what, Problem):
            _, identify, dialect = _KINDS[found.what.root.tag]
            reader = ElementReader(found.what, dialect)
            number = reader.peek(reader.root, dialect.sources[f"$.{NUMBER}"])
            identity = None if number is None else identify(reader, number)
            found.release()
            if identity is not None:
                yield DocumentRef(identity, found.place)


def _found(path: Path) -> Iterator[_Found]:
    """Yield the documents of a file. An envelope belongs to the documents in it, or else to the next one."""
    pending: tuple[Place, Element, Sequence[ReusableDocument]] | None = None
    is_first = True
    for document in documents(path):
        place = Place(str(path), document.line)
        try:
            contents = _contents(document)
        except UnreadableXml as error:
            yield _Found(place, error.problem)
            continue
        if isinstance(document.root, Problem):
            yield _Found(place, document.root)
        elif contents:
            reusable_around = pending[2] if pending is not None and len(contents) == 1 else ()
            for root, envelope in contents:
                around = envelope if envelope.root is not None or pending is None else Envelope(pending[1])
                lines = document.lines if _is_within(document.root, root) else None
                reusable = document.reusable if root is document.root else None
                framed = FramedDocument(root, around, lines, reusable)
                yield _Found(place, framed, document.remarks, reusable_around)
            pending = None
        elif local_name(document.root.tag) == _ENVELOPE:
            if pending is not None:
                yield _Found(pending[0], _EMPTY_ENVELOPE)
            pending = (place, document.root, () if document.reusable is None else (document.reusable,))
        elif is_first and document.line is None:
            raise InputError(f"{path}: {_unknown(document.root)}")
        else:
            yield _Found(place, Problem("/", "xml.root", _unknown(document.root)))
        is_first = False
    if pending is not None:
        yield _Found(pending[0], _EMPTY_ENVELOPE)


def _contents(document: Document) -> Sequence[tuple[Element, Envelope]]:
    """Yield a document, or the documents in it."""
    root = document.root
    if isinstance(root, Problem):
        return ()
    if root.tag in _KINDS:
        return [(root, NO_ENVELOPE)]
    if root.tag == _ATTACHED:
        return _attached(root)
    inside = _inside(root)
    envelope = Envelope(root, inside)
    return [(each, envelope) for each in inside]


def _inside(root: Element) -> list[Element]:
    """Return the documents in an envelope, at any depth, without those in other documents."""
    found: list[Element] = []
    pending = [root]
    while pending:
        element = pending.pop()
        if element.tag in _KINDS:
            found.append(element)
        else:
            pending += reversed(element)
    return found


def _is_within(top: Element, element: Element) -> bool:
    """Say whether an element is in a tree; that of a document carried as text is not, and has own lines."""
    return top is element or any(each is element for each in top.iter(element.tag))


def _attached(root: Element) -> Sequence[tuple[Element, Envelope]]:
    """Return the only document in an AttachedDocument of UBL, as text or as base64.

    Other contents, such as a PDF, count as part of what is around it.

    Raises:
        UnreadableXml: it holds several documents, or one that cannot be read.
    """
    holders = {holder: True for path in _EMBEDDED for holder in root.iterfind(path)}
    for path in _EMBEDDED:  # deeper ones are those of other documents, and need not be documents
        holders |= {each: False for each in root.iterfind(f".//{path}") if each not in holders}
    texts: set[bytes] = set()  # the same one twice is one
    roots: list[Element] = []
    unread: list[UnreadableXml] = []
    for holder, is_own in holders.items():
        try:
            text = _carried(holder)
            if text and text not in texts:
                texts.add(text)
                roots.append(parse(text))
        except UnreadableXml as error:
            if _seems_to_carry_invoice(holder):
                raise
            if is_own:
                unread.append(error)
    count = sum(len(_inside(each)) for each in roots)
    if count > 1:
        raise UnreadableXml("xml.root", "carries more than one document; give each as a file of its own")
    if unread and not count:
        raise unread[0]
    return [(each, Envelope(root)) for each in roots if each.tag in _KINDS]


def _carried(holder: Element) -> bytes:
    """Return the contents of an element, which are text or base64, as bytes; empty for none.

    Raises:
        UnreadableXml: they are neither, or no XML.
    """
    text = _text(holder)
    if text.startswith("<"):
        return _DECLARATION.sub("", text).encode()
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        message = "carries a document that is not valid base64; attach it again"
        raise UnreadableXml("xml.base64", message) from None
    if _is_of_another_kind(holder, data):
        raise UnreadableXml(
            "xml.root", "carries no invoice as XML; attach it, or give it as a file of its own"
        )
    if not _is_xml(data):
        return data
    written = as_utf8(data)[0].decode("utf-8", "surrogateescape").replace("\r\n", "\n").strip(_SPACE)
    return _DECLARATION.sub("", written).encode("utf-8", "surrogateescape")


def _text(holder: Element) -> str:
    return "".join(holder.itertext()).strip(_SPACE)


def _is_of_another_kind(holder: Element, data: bytes) -> bool:
    """Say whether data has another media type than XML, and is no invoice under a wrong one."""
    kind = holder.get("mimeCode", "").strip()
    if not kind or _XML_KIND.search(kind):
        return data.startswith(_PDF)
    return not (_is_xml(data) and _names_invoice(data))


def _seems_to_carry_invoice(holder: Element) -> bool:
    """Say whether unreadable data holds the root element of an invoice, even as damaged base64."""
    text = _text(holder)
    if _names_invoice(text.encode()):
        return True
    letters = _NO_BASE64.sub("", text)
    data = base64.b64decode(letters[: len(letters) // 4 * 4])
    return not _is_of_another_kind(holder, data) and _names_invoice(data)


def _names_invoice(data: bytes) -> bool:
    return _ROOT_NAME.search(data.replace(b"\0", b"")) is not None  # which UTF-16 has between letters


def _is_xml(data: bytes) -> bool:
    """Say whether data looks like XML, in any of the encodings that are read."""
    return b"<" in data.lstrip(b"\xef\xbb\xbf \t\r\n")[:4]


_SVEFAKTURA = "urn:sfti:documents:BasicInvoice"
_CROSS_INDUSTRY = "CrossIndustryInvoice"


def _unknown(root: Element) -> str:
    name = local_name(root.tag)[:60]
    message = f"is XML, but neither UBL 2.1 nor Finvoice; its root element is {name}"
    if name == FINVOICE_ROOT:
        return f"{message}, but Finvoice has no namespace; remove xmlns from it, or export it as Finvoice 3.0"
    if root.tag.startswith(f"{{{_SVEFAKTURA}"):
        return f"{message} of Svefaktura 1.0, which is UBL 1.0; export the document as Peppol BIS Billing 3"
    if name == _CROSS_INDUSTRY:
        return f"{message} of UN/CEFACT (as in ZUGFeRD and Factur-X); export the document as UBL 2.1"
    right = next((tag[1:].partition("}")[0] for tag in _KINDS if tag.endswith(f"}}{name}")), None)
    if right is None:
        return f"{message}; export the document as UBL 2.1 or Finvoice, or as a table"
    fault = "is in another namespace than UBL's" if "}" in root.tag else "UBL's namespace is missing"
    return f'{message}, but {fault}; it must say xmlns="{right}", so export the document as UBL 2.1'
