"""Which texts and attributes of a document have found a place, and what is left of it: nothing is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter

from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import local_name, own_text, step_of, steps_below
from confirma_async.formats.xml.parse import Element

_tail = attrgetter("tail")
_FEW = 64
"""Children of an element whose steps are found one by one."""
_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


class Taken:
    """What was taken of a document.

    Args:
        root: Its root element.
        dialect: How it writes what all documents say.
        currency: Its currency, which the attributes of its amounts need not say again.

    Attributes:
        texts: The elements whose own text has found a place.
        attributes: The attributes that have, each by its element and its name.
    """

    def __init__(self, root: Element, dialect: Dialect, currency: str) -> None:
        self.texts: set[Element] = set()
        self.attributes: set[tuple[Element, str]] = set()
        self._dialect = dialect
        self._currency = currency
        self._root = root

    def leftovers(self) -> Leftovers:
        """Return what nobody took of the document; asked once everything that has a place is taken."""
        root = self._root
        found = {child: self._left_of(child.iter()) for child in root}
        if any(tail and not tail.isspace() for tail in set(map(_tail, root.iter()))):
            found = {child: self._mixed_of(child) | found[child] for child in root}
        return Leftovers(self, root, found)

    def _left_of(self, elements: Iterator[Element]) -> set[Element]:
        """Return the elements of which a text or an attribute is left; each is looked at once."""
        texts, silent = self.texts, [(self._dialect.currency_attribute, self._currency)]
        return {
            each
            for each in elements
            if (each not in texts and (text := each.text) and not text.isspace())
            or ((items := [*each.items()]) and items != silent and self._say_something(each, items))
        }

    def _mixed_of(self, top: Element) -> set[Element]:
        """Return those of which a text is left, also behind an element, as damaged documents have it."""
        return {each for each in top.iter() if each not in self.texts and own_text(each)}

    def _say_something(self, element: Element, items: Sequence[tuple[str, str]]) -> bool:
        return any(
            (element, name) not in self.attributes and self.says_something(name, value)
            for name, value in items
        )

    def says_something(self, name: str, value: str) -> bool:
        """Say whether an attribute says more than the document as a whole."""
        if name == self._dialect.currency_attribute:
            return value != self._currency
        return self._dialect.silent.get(name) != value and not name.startswith(_INSTANCE)


class Leftovers:
    """What nobody took of a document.

    Args:
        taken: What was taken.
        root: The document's root element.
        below: By child of the root, in their order, the elements of which a text or an attribute is left.
    """

    def __init__(self, taken: Taken, root: Element, below: Mapping[Element, set[Element]]) -> None:
        self._taken = taken
        self._root = root
        self._below = below
        self._elements: set[Element] = set[Element]().union(*below.values())
        self._names: dict[Element, dict[Element, str]] = {}

    def of_document(self, besides: Collection[Element]) -> list[dict[str, str]]:
        """Return what is left of the document as definition details in wire form; codes are paths below it.

        Args:
            besides: Children of the root that are passed over with all below them.
        """
        found = [*self._details_of(self._root, "")]
        for child, left in self._below.items():
            if child not in besides and left:
                self._gather_child(self._root, child, found)
        return found

    def of(self, top: Element) -> list[dict[str, str]]:
        """Return what is left of an element and all below it; codes are paths below it."""
        left = self._below.get(top, self._elements)
        if not left or left.isdisjoint(top.iter()):
            return []
        found = [*self._details_of(top, "")] if top in left else []
        for child in top:
            self._gather_child(top, child, found)
        return found

    def _gather_child(self, top: Element, child: Element, found: list[dict[str, str]]) -> None:
        if child in self._elements:
            found += self._details_of(child, self._path((top, child)))
        if len(child) and not self._elements.isdisjoint(child.iter()):
            self._gather((top, child), found)

    def _gather(self, above: tuple[Element, ...], found: list[dict[str, str]]) -> None:
        """Add the details of what is left below the last of some elements, in the order of the document.

        Args:
            above: The elements from the top down to it.
            found: What the details are added to.
        """
        for child in above[-1]:
            if child in self._elements:
                found += self._details_of(child, self._path((*above, child)))
            if len(child):
                self._gather((*above, child), found)

    def _details_of(self, element: Element, path: str) -> Iterator[dict[str, str]]:
        taken = self._taken
        attributes = {
            local_name(name): value
            for name, value in element.items()
            if (element, name) not in taken.attributes and taken.says_something(name, value)
        }
        text = "" if element in taken.texts else own_text(element)
        if text:
            detail = {"code": path or local_name(element.tag), "value": text}
            if attributes:
                detail["name"] = ", ".join(f"{name}={value}" for name, value in attributes.items())
            yield detail
            return
        for name, value in attributes.items():
            yield {"code": f"{path}/@{name}" if path else f"@{name}", "value": value}

    def _path(self, chain: tuple[Element, ...]) -> str:
        """Return the path from the first of some elements, each a child of the one before, to the last."""
        return "/".join([self._step(parent, child) for parent, child in pairwise(chain)])

    def _step(self, parent: Element, child: Element) -> str:
        """Return the last step of a child's path."""
        names = self._names.get(parent)
        if names is None:
            if len(parent) <= _FEW:
                return step_of(parent, child)
            names = self._names[parent] = dict(steps_below(parent))  # one by one, all are counted each time
        return names[child]
