"""Finds the elements of a document, and keeps track of which of their texts and attributes are taken."""

from __future__ import annotations

from collections.abc import Sequence

from confirma_async.formats.payload import Draft
from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.framed import FramedDocument
from confirma_async.formats.xml.markup.reusable import LookupCache
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.findings import DocumentFindings
from confirma_async.formats.xml.reading.leftovers import Leftovers, Taken

_NOT_CACHED = Element("not-cached")


class ElementReader:
    """Finds the elements of a document, and keeps track of which texts and attributes are taken.

    ``every``, ``first`` and ``peek`` find elements. ``take`` puts a text into the request and marks it as
    taken. ``imply`` marks it as taken without putting it anywhere, because another place of the request says
    the same. ``leftovers`` returns all that is not taken. The functions of ``placing`` take values of other
    kinds, and ``filling`` takes many at once.

    Args:
        document: The document, with its envelope.
        dialect: How it is written.

    Attributes:
        root: The document's root element.
        dialect: How the document is written.
        currency: The document's currency; empty where it names none.
        draft: The request that is made of it.
        taken: What has found a place.
        findings: The problems and the decisions so far.
        caches: What was found below elements before, by element.
    """

    def __init__(self, document: FramedDocument, dialect: Dialect) -> None:
        reusable = document.reusable
        self.root: Element = document.root
        self.dialect: Dialect = dialect
        self.currency: str = dialect.currency(self.root)
        self.draft: Draft = Draft()
        self.taken: Taken = Taken(dialect, self.currency)
        self.findings: DocumentFindings = DocumentFindings(document, dialect, self.draft)
        self.caches: dict[Element, LookupCache] = {} if reusable is None else reusable.caches
        self._reusable = reusable
        self._steps = dialect.known_steps
        self._row: str = "" if reusable is None else reusable.row
        self._of_root: dict[str, list[Element]] | None = None

    def every(self, parent: Element, path: str) -> Sequence[Element]:
        """Return the elements at a path below a parent, in order.

        Those without text and children do not count.
        """
        cache = self.caches.get(parent)
        found = None if cache is None else cache.every.get(path)
        if found is None:
            steps = self._steps.get(path) or self.dialect.steps(path)
            found = self._every(parent, steps)
            if cache is not None and steps[0] != self._row:
                cache.every[path] = found
        return found

    def _every(self, parent: Element, steps: Sequence[str]) -> Sequence[Element]:
        first, *others = steps
        found = self._children(parent, first)
        for tag in others:
            found = [child for each in found for child in self._children(each, tag)]
        return [each for each in found if len(each) or own_text(each)] if found else found

    def first(self, parent: Element, path: str) -> Element | None:
        """Return the first of the elements at a path; None where there is none."""
        cache = self.caches.get(parent)
        if cache is None:
            return self._first(parent, self._steps.get(path) or self.dialect.steps(path))
        found = cache.first.get(path, _NOT_CACHED)
        if found is _NOT_CACHED:
            steps = self._steps.get(path) or self.dialect.steps(path)
            found = self._first(parent, steps)
            if steps[0] != self._row:
                cache.first[path] = found
        return found

    def _first(self, parent: Element, steps: Sequence[str]) -> Element | None:
        found = parent
        for tag in steps:
            inner = self._children(found, tag)
            if not inner:
                return None if tag is steps[0] else next(iter(self._every(parent, steps)), None)
            found = inner[0]
        text = found.text
        if (text and not text.isspace()) or len(found) or own_text(found):
            return found
        return next(iter(self._every(parent, steps)), None)

    def _children(self, parent: Element, tag: str) -> list[Element]:
        """Return the children of one name. Those of the root, which are asked for most, are sorted once."""
        if parent is not self.root:
            return parent.findall(tag)
        if tag == self._row and self._reusable is not None:
            return [*self._reusable.rows]
        if self._of_root is None:
            self._of_root = {}
            for child in parent:
                self._of_root.setdefault(child.tag, []).append(child)
        return self._of_root.get(tag, [])

    def peek(self, parent: Element, path: str) -> str | None:
        """Return the text of the first element at a path, without taking it."""
        element = self.first(parent, path)
        return None if element is None else own_text(element)

    def take(self, draft: Draft, place: str, element: Element, *attributes: str) -> str:
        """Put an element's text into the request; count attributes that its place implies as taken."""
        text = own_text(element)
        draft.put(place, text, element)
        self.imply(element, *attributes)
        return text

    def imply(self, element: Element, *attributes: str) -> None:
        """Take an element's text and attributes that another place of the request says already."""
        self.taken.texts.add(element)
        for name in attributes:
            self.taken.attributes.add((element, name))

    def leftovers(self) -> Leftovers:
        """Return what was not taken of the document. Call this once everything that has a place is taken."""
        return Leftovers(self.taken, self.root, self._reusable)
