"""Documents in XML files, with the envelopes around them, which are no part of the invoices."""

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
    """The envelope around a document, or right before it.

    Attributes:
        root: The root element of the envelope; None if there is none.
        documents: The documents in it, which are no part of it.
    """

    root: Element | None = None
    documents: Sequence[Element] = ()

    @cached_property
    def paths(self) -> Mapping[Element, str]:
        """The elements of the envelope, in document order, with their paths from its root."""
        return {} if self.root is None else paths_below(self.root, {*self.documents})

    @cached_property
    def receivers(self) -> Sequence[Element]:
        """The elements that name a receiver of the message."""
        return [each for each in self.paths if local_name(each.tag) == "To"]

    def remarks(self, besides: str = "") -> tuple[str, ...]:
        """Return the remark that the envelope is not sent, except for what the invoice has a place for."""
        if self.root is None:
            return ()
        kept = f", but for {besides}" if besides else ""
        return (f"the {local_name(self.root.tag)} around the document is not sent{kept}",)


NO_ENVELOPE = Envelope()
"""The envelope of a document without one."""


@frozen
class FramedDocument:
    """A document to read, with the envelope around it.

    Attributes:
        root: Its root element.
        envelope: The envelope around it.
        lines: The lines of its elements; None if they are not lines of a file.
        reusable: The document with elements that are used again; None if its elements are its own.
    """

    root: Element
    envelope: Envelope
    lines: Lines | None
    reusable: ReusableDocument | None
