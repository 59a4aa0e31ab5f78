"""Which texts and attributes of a document have found a place, and what is left of it: nothing is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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
        elements = [*self._root.iter()]
        rest = set(elements)
        rest -= self.texts
        left = {each for each in rest if (text := each.text) and not text.isspace()}
        if any(tail and not tail.isspace() for tail in set(map(_tail, elements))):
            left.update(each for each in rest if own_text(each))  # as only damaged documents have them
        silent, attributes = [(self._dialect.currency_attribute, self._currency)], self.attributes
        for each in elements:
            items = [*each.items()]
            if not items or items == silent or each in left:
                continue
            for name, value in items:
                if (each, name) not in attributes and self.says_something(name, value):
                    left.add(each)
                    break
        return Leftovers(self, left)

    def says_something(self, name: str, value: str) -> bool:
        """Say whether an attribute says more than the document as a whole."""
        if name == self._dialect.currency_attribute:
            return value != self._currency
        return self._dialect.silent.get(name) != value and not name.startswith(_INSTANCE)


class Leftovers:
    """What nobody took of a document.

    Args:
        taken: What was taken.
        elements: The elements of which a text or an attribute is left.
    """

    def __init__(self, taken: Taken, elements: set[Element]) -> None:
        self._taken = taken
        self._elements = elements
        self._names: dict[Element, dict[Element, str]] = {}

    def of(self, top: Element, besides: Collection[Element] = ()) -> list[dict[str, str]]:
        """Return what is left of an element and all below it, as definition details in wire form.

        Args:
            top: The element; codes are paths below it.
            besides: Children of it that are passed over with all below them.
        """
        left = self._elements
        if not besides and left.isdisjoint(top.iter()):
            return []
        found = [*self._details_of(top, "")] if top in left else []
        for child in top:
            if besides and child in besides:
                continue
            if child in left:
                found += self._details_of(child, self._path((top, child)))
            if len(child) and not left.isdisjoint(child.iter()):
                self._gather((top, child), found)
        return found

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
