"""Records which texts and attributes of a document were taken."""

from __future__ import annotations

from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.plan import Rest


class Taken:
    """Records which texts and attributes of a document were taken.

    Args:
        dialect: Which attributes say nothing.
        currency: The currency of the document. An attribute that repeats it says nothing.

    Attributes:
        texts: The elements whose own text was taken.
        attributes: The attributes that were taken: element and name.
        settled: What a plan did not take, by the element that it was applied to.
        currency: The currency of the document.
        dialect: Which attributes say nothing.
    """

    def __init__(self, dialect: Dialect, currency: str) -> None:
        self.texts: set[Element] = set()
        self.attributes: set[tuple[Element, str]] = set()
        self.settled: dict[Element, Rest] = {}
        self._silent: list[tuple[str, str]] = [(dialect.currency_attribute, currency)]
        self.dialect: Dialect = dialect
        self.currency: str = currency

    def is_left(self, element: Element, *, is_mixed: bool) -> bool:
        """Say whether a text or an attribute of an element is left.

        Args:
            element: The element.
            is_mixed: Whether some elements of the document have text behind those below them.
        """
        if element not in self.texts:
            text = own_text(element) if is_mixed else element.text
            if text and not text.isspace():
                return True
        return len(element.keys()) > 0 and len(self.left_attributes(element)) > 0

    def is_silent(self, element: Element) -> bool:
        """Say whether an element has no attributes, or only that of an amount in the document's currency."""
        items = element.items()
        return not items or [*items] == self._silent

    def left_attributes(self, element: Element) -> list[tuple[str, str]]:
        """Return the attributes of an element that say something and are left."""
        return [
            (name, value)
            for name, value in element.items()
            if (element, name) not in self.attributes
            and self.dialect.says_something(name, value, self.currency)
        ]

    def is_settled(self, element: Element) -> bool:
        """Say whether nothing is left of an element and those below it, as far as that is known at once."""
        rest = self.settled.get(element)
        return (
            rest is not None
            and not rest.is_deep
            and rest.texts <= self.texts
            and rest.attributes <= self.attributes
        )
