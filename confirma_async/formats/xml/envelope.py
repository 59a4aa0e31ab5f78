"""What is around a document in its file: an envelope or frame, which is no part of the invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from attrs import frozen

from confirma_async.formats.xml.elements import local_name, paths_below
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
