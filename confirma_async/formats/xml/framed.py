"""A document out of an XML file, and the envelope or frame around it, which is no part of the invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from attrs import frozen

from confirma_async.formats.xml.documents import Lines
from confirma_async.formats.xml.elements import local_name, paths_below
from confirma_async.formats.xml.markup.reusable import ReusableDocument
from confirma_async.formats.xml.parse import Element


@frozen
class Envelope:
    """What is around a document, or right before it.

    Attributes:
        root: The root element of it; None where there is none.
        documents: The documents in it, which are no part of it.
    """

    root: Element | None = None
    documents: Sequence[Element] = ()

    @cached_property
    def paths(self) -> Mapping[Element, str]:
        """Its elements, in document order, each with its path from the root."""
        return {} if self.root is None else paths_below(self.root, {*self.documents})

    @cached_property
    def receivers(self) -> Sequence[Element]:
        """The elements that name a receiver of the message."""
        return [each for each in self.paths if local_name(each.tag) == "To"]

    def remarks(self, besides: str = "") -> tuple[str, ...]:
        """Say that it is not sent, but for what has found a place in the invoice."""
        if self.root is None:
            return ()
        kept = f", but for {besides}" if besides else ""
        return (f"the {local_name(self.root.tag)} around the document is not sent{kept}",)


NO_ENVELOPE = Envelope()
"""What a document has that stands alone."""


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
