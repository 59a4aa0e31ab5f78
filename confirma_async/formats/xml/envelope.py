"""What is around a document in its file: an envelope or frame, which is no part of the invoice."""

from __future__ import annotations

from attrs import frozen

from confirma_async.formats.xml.elements import local_name
from confirma_async.formats.xml.parse import Element


@frozen
class Envelope:
    """What is around a document, or right before it.

    Attributes:
        root: The root element of it; None where there is none.
    """

    root: Element | None = None

    def remarks(self, besides: str = "") -> tuple[str, ...]:
        """Say that it is not sent, but for what has found a place in the invoice."""
        if self.root is None:
            return ()
        kept = f", but for {besides}" if besides else ""
        return (f"the {local_name(self.root.tag)} around the document is not sent{kept}",)
