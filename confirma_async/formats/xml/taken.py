"""Which texts and attributes of a document have found a place, and what is left of it: nothing is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import chain, pairwise

from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import local_name, own_text, steps_below
from confirma_async.formats.xml.parse import Element

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

    @cached_property
    def _is_mixed(self) -> bool:
        """Whether texts stand behind elements, as only damaged documents have them."""
        tails = "".join([tail for each in self._root.iter() if (tail := each.tail)])
        return tails != "" and not tails.isspace()

    def left(self, top: Element, besides: Collection[Element] = ()) -> list[dict[str, str]]:
        """Return what nobody took of an element and all below it, as definition details in wire form.

        Args:
            top: The element; codes are paths below it.
            besides: Children of it that are passed over with all below them.
        """
        if besides:
            parts = (child.iter() for child in top if child not in besides)
            elements = [top, *chain.from_iterable(parts)]
        else:
            elements = [*top.iter()]
        left = self._left_of(elements)
        if not left:
            return []
        found = [*self._details_of(top, "")] if top in left else []
        names: dict[Element, dict[Element, str]] = {}
        for child in top:
            if child in left and child not in besides:
                found += self._details_of(child, _path((top, child), names))
            if len(child) and not left.isdisjoint(child.iter()):
                self._gather((top, child), left, names, found)
        return found

    def _left_of(self, elements: Collection[Element]) -> set[Element]:
        """Return the elements of which a text or an attribute is left."""
        texts = self.texts
        left = {each for each in elements if each not in texts and (text := each.text) and not text.isspace()}
        if self._is_mixed:
            left.update(each for each in elements if each not in texts and own_text(each))
        attributes = self.attributes
        for each in [each for each in elements if each.keys()]:
            for name, value in each.items():
                if (each, name) not in attributes and self._says_something(name, value):
                    left.add(each)
                    break
        return left

    def _says_something(self, name: str, value: str) -> bool:
        """Say whether an attribute says more than the document as a whole."""
        if name == self._dialect.currency_attribute:
            return value != self._currency
        return self._dialect.silent.get(name) != value and not name.startswith(_INSTANCE)

    def _gather(
        self,
        above: tuple[Element, ...],
        left: set[Element],
        names: dict[Element, dict[Element, str]],
        found: list[dict[str, str]],
    ) -> None:
        """Add the details of what is left below the last of some elements, in the order of the document.

        Args:
            above: The elements from the top down to it.
            left: What is left.
            names: The last steps of paths, by parent; found where they are wanted.
            found: What the details are added to.
        """
        for child in above[-1]:
            if child in left:
                found += self._details_of(child, _path((*above, child), names))
            if len(child):
                self._gather((*above, child), left, names, found)

    def _details_of(self, element: Element, path: str) -> Iterator[dict[str, str]]:
        attributes = {
            local_name(name): value
            for name, value in element.items()
            if (element, name) not in self.attributes and self._says_something(name, value)
        }
        text = "" if element in self.texts else own_text(element)
        if text:
            detail = {"code": path or local_name(element.tag), "value": text}
            if attributes:
                detail["name"] = ", ".join(f"{name}={value}" for name, value in attributes.items())
            yield detail
            return
        for name, value in attributes.items():
            yield {"code": f"{path}/@{name}" if path else f"@{name}", "value": value}


def _path(chain: tuple[Element, ...], names: dict[Element, dict[Element, str]]) -> str:
    """Return the path from the first of some elements, each a child of the one before, to the last."""
    steps: list[str] = []
    for parent, child in pairwise(chain):
        if parent not in names:
            names[parent] = dict(steps_below(parent))
        steps.append(names[parent][child])
    return "/".join(steps)
