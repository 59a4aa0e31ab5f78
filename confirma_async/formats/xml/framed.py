"""A document out of an XML file, with what is around it."""

from __future__ import annotations

from attrs import frozen

from confirma_async.formats.xml.documents import Lines
from confirma_async.formats.xml.envelope import Envelope
from confirma_async.formats.xml.markup.reusable import ReusableDocument
from confirma_async.formats.xml.parse import Element


@frozen
class FramedDocument:
    """A document to read, with what is around it.

    Attributes:
        root: Its root element.
        envelope: What is around it.
        lines: The lines of its elements; None where they are not those of a file.
        reusable: The document with elements that are used again; None where its elements are its own.
    """

    root: Element
    envelope: Envelope
    lines: Lines | None
    reusable: ReusableDocument | None
