"""Which texts and attributes of a document have found a place."""

from __future__ import annotations

from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.plan import Rest


class Taken:
    """What was taken of a document.

    Args:
        dialect: How it writes what all documents say.
        currency: Its currency, which the attributes of its amounts need not say again.

    Attributes:
        texts: The elements whose own text has found a place.
        attributes: The attributes that have, each by its element and its name.
        settled: By element whose values a plan took, all of them, what it did not take.
        currency: The document's currency.
        dialect: How it writes what all documents say.
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
