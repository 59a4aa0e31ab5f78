"""Records what was taken of a document. The rest is sent as definition details, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Collection, Set as AbstractSet
from itertools import pairwise
from operator import attrgetter

from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import local_name, own_text, step_of, steps_below
from confirma_async.formats.xml.markup.reusable import LookupCache, ReusableDocument
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.plan import Rest

_tail = attrgetter("tail")
_FEW = 64
"""Children up to which the steps of an element's children are found one by one."""


class Taken:
    """Records which texts and attributes of a document were taken.

    Args:
        dialect: Which attributes say nothing.
        currency: The currency of the document. An attribute that repeats it says nothing.

    Attributes:
        texts: The elements whose own text was taken.
        attributes: The attributes that were taken: element and name.
        rests: What a plan did not take, by the element that it was applied to.
        currency: The currency of the document.
        dialect: Which attributes say nothing.
    """

    def __init__(self, dialect: Dialect, currency: str) -> None:
        self.texts: set[Element] = set()
        self.attributes: set[tuple[Element, str]] = set()
        self.rests: dict[Element, Rest] = {}
        self._silent: list[tuple[str, str]] = [(dialect.currency_attribute, currency)]
        self.dialect: Dialect = dialect
        self.currency: str = currency

    def is_left(self, element: Element, *, is_mixed: bool) -> bool:
        """Say whether a text or an attribute of an element is left.

        Args:
            element: The element, without those below it.
            is_mixed: Whether elements of the document have text behind their child elements.
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

    def is_used_up(self, element: Element) -> bool:
        """Say whether it is known, from a plan, that nothing is left of an element and those below it."""
        rest = self.rests.get(element)
        return (
            rest is not None
            and not rest.is_deep
            and rest.texts <= self.texts
            and rest.attributes <= self.attributes
        )


class Leftovers:
    """Collects the texts and attributes of a document that were not taken.

    Args:
        taken: The texts and attributes that were taken.
        root: The document's root element.
        reusable: The document with elements that are used again; None where its elements are its own.
    """

    def __init__(self, taken: Taken, root: Element, reusable: ReusableDocument | None) -> None:
        self._taken = taken
        self._reusable = reusable
        self._names: dict[Element, dict[Element, str]] = {}
        # Only damaged documents have text behind an element, which is its parent's.
        self._is_mixed = reusable is None and any(
            tail and not tail.isspace() for tail in set(map(_tail, root.iter()))
        )

    def of(self, top: Element, besides: AbstractSet[Element] = frozenset()) -> list[dict[str, str]]:
        """Return the leftovers of an element and those below it, as definition details in wire form.

        Args:
            top: The element. Codes are paths below it.
            besides: Elements that are passed over with all below them.
        """
        taken, is_mixed, reusable = self._taken, self._is_mixed, self._reusable
        if not is_mixed and taken.is_used_up(top):
            return []
        cache = None if reusable is None else reusable.caches.get(top)
        # The cache of the root leaves out the rows, so it serves only where all rows are passed over.
        if reusable is not None and top is reusable.root and not besides >= {*reusable.rows}:
            cache = None
        found = self._details_of(top, "") if taken.is_left(top, is_mixed=is_mixed) else []
        return found + self._below(top, besides, cache)

    def _below(
        self, top: Element, besides: Collection[Element], cache: LookupCache | None
    ) -> list[dict[str, str]]:
        """Return the details of the leftovers below an element, in document order.

        Args:
            top: The element at which paths begin.
            besides: Elements that are passed over.
            cache: The cache of the element; None where it has none.
        """
        taken = self._taken
        found: list[dict[str, str]] = []
        if cache is None:
            for child, chain in self._left(taken, top, (), besides):
                found += self._details_of(child, self._path((*chain, child)))
            return found
        leftovers = cache.leftovers.get(taken.currency)
        if leftovers is None:
            cache.make_room()
            nothing = Taken(taken.dialect, taken.currency)
            leftovers = cache.leftovers[taken.currency] = [
                (child, self._path((*chain, child)), nothing.left_attributes(child))
                for child, chain in self._left(nothing, top, (), besides)
            ]
        for child, path, attributes in leftovers:
            if child not in taken.texts or attributes:
                found += self._details_of(child, path)
        return found

    def _left(
        self, taken: Taken, parent: Element, above: tuple[Element, ...], besides: Collection[Element]
    ) -> list[tuple[Element, tuple[Element, ...]]]:
        """Return the elements below another that are left, each with those from the top down to its parent.

        Args:
            taken: The texts and attributes that were taken.
            parent: The element to search below.
            above: The elements from the top down to ``parent``, without it.
            besides: Elements that are passed over.
        """
        texts, is_mixed = taken.texts, self._is_mixed
        chain: tuple[Element, ...] = (*above, parent)
        found: list[tuple[Element, tuple[Element, ...]]] = []
        for child in parent:
            if len(child):
                if child in besides:
                    continue
            elif child in texts and taken.is_silent(child):
                continue
            if taken.is_left(child, is_mixed=is_mixed):
                found.append((child, chain))
            if len(child):
                found += self._left(taken, child, chain, besides)
        return found

    def _details_of(self, element: Element, path: str) -> list[dict[str, str]]:
        """Return the details of the leftovers of an element itself."""
        taken = self._taken
        text = "" if element in taken.texts else own_text(element)
        attributes = {local_name(name): value for name, value in taken.left_attributes(element)}
        if not text:
            return [
                {"code": f"{path}/@{name}" if path else f"@{name}", "value": value}
                for name, value in attributes.items()
            ]
        detail = {"code": path or local_name(element.tag), "value": text}
        if attributes:
            detail["name"] = ", ".join(f"{name}={value}" for name, value in attributes.items())
        return [detail]

    def _path(self, chain: tuple[Element, ...]) -> str:
        """Return the path down some elements, each a child of the one before."""
        return "/".join([self._step(parent, child) for parent, child in pairwise(chain)])

    def _step(self, parent: Element, child: Element) -> str:
        """Return the last step of a child's path."""
        names = self._names.get(parent)
        if names is None:
            if len(parent) <= _FEW:
                return step_of(parent, child)
            names = self._names[parent] = dict(steps_below(parent))  # one by one, all are counted each time
        return names[child]
