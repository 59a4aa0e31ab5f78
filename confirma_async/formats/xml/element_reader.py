"""A document as a tree whose every text and attribute is taken to its place or left over, never lost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set as AbstractSet
from decimal import Decimal
from functools import cache

from confirma_async.errors import Problem
from confirma_async.formats.payload import Draft, put
from confirma_async.formats.values.decimals import cents
from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.documents import Lines
from confirma_async.formats.xml.elements import local_name, own_text, paths_below
from confirma_async.formats.xml.envelope import NO_ENVELOPE, Envelope
from confirma_async.formats.xml.markup.lent import Asked, Lent, PathsToPlaces
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.plan import Aside, LaidOut, Plan, Take
from confirma_async.formats.xml.taken import Leftovers, Taken

MOST_PROBLEMS = 1000
"""Problems of one document that are told: whoever wrote so many has one of them all over."""
_NUMBER, _PRICE, _JOINED = Take.NUMBER, Take.PRICE, Take.JOINED
_NOTHING: Mapping[Element, Asked] = {}
_UNASKED = Element("unasked")
_PREFIX = re.compile(r"\b\w+:")
_HAS_CENTS = re.compile(r"-?\d+[.,]\d\d?", re.ASCII)
_ZONE = re.compile(r"(?<=\d)(?:T00:00:00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?\Z", re.ASCII)


class ElementReader:
    """The texts and attributes of a document, and which of them have found a place.

    ``text``, ``number``, ``amount`` and ``date`` take a value to its place in the request in one go: what is
    taken is placed. ``imply`` is for what another place tells already. ``leftovers`` gives all that is left.

    Attributes:
        root: The document's root element.
        dialect: How the document is written.
        taken: What has found a place.
        currency: The document's currency; empty where it names none.
        problems: What was found wrong while reading.
        remarks: What was decided while reading, one sentence each.
    """

    def __init__(
        self,
        root: Element,
        dialect: Dialect,
        lines: Lines | None = None,
        lent: Lent | None = None,
        envelope: Envelope = NO_ENVELOPE,
    ) -> None:
        self.root = root
        self.dialect = dialect
        self.problems: list[Problem] = []
        self.remarks: list[str] = []
        self.currency: str = dialect.currency(root)
        self._lines = lines
        self._lent = lent
        self._envelope = envelope
        self._line_of: dict[Element, int] | None = None
        self.taken: Taken = Taken(dialect, self.currency)
        self._steps = dialect.known_steps
        self._paths: dict[Element, str] = {}
        self._asked: Mapping[Element, Asked] = _NOTHING if lent is None else lent.asked
        self._row: str = "" if lent is None else lent.row
        self._of_root: dict[str, list[Element]] | None = None

    # --- looking ------------------------------------------------------------------------------------

    def every(self, parent: Element, path: str) -> Sequence[Element]:
        """Return the elements at a path below a parent, in order.

        Those without text and children do not count.
        """
        asked = self._asked.get(parent)
        found = None if asked is None else asked.every.get(path)
        if found is None:
            steps = self._steps.get(path) or self.dialect.steps(path)
            found = self._every(parent, steps)
            if asked is not None and steps[0] != self._row:
                asked.every[path] = found
        return found

    def _every(self, parent: Element, steps: Sequence[str]) -> Sequence[Element]:
        first, *others = steps
        found = self._children(parent, first)
        for tag in others:
            found = [child for each in found for child in self._children(each, tag)]
        return [each for each in found if len(each) or own_text(each)] if found else found

    def first(self, parent: Element, path: str) -> Element | None:
        """Return the first of the elements at a path; None where there is none."""
        asked = self._asked.get(parent)
        if asked is None:
            return self._first(parent, self._steps.get(path) or self.dialect.steps(path))
        found = asked.first.get(path, _UNASKED)
        if found is _UNASKED:
            steps = self._steps.get(path) or self.dialect.steps(path)
            found = self._first(parent, steps)
            if steps[0] != self._row:
                asked.first[path] = found
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
        """Return the children of one name; those of the root are asked for most, and sorted once."""
        if parent is not self.root:
            return parent.findall(tag)
        if tag == self._row and self._lent is not None:
            return [*self._lent.rows]
        if self._of_root is None:
            self._of_root = {}
            for child in parent:
                self._of_root.setdefault(child.tag, []).append(child)
        return self._of_root.get(tag, [])

    def peek(self, parent: Element, path: str) -> str | None:
        """Return the text of the first element at a path, without taking it."""
        element = self.first(parent, path)
        return None if element is None else own_text(element)

    # --- taking -------------------------------------------------------------------------------------

    def take(self, draft: Draft, place: str, element: Element, *attributes: str) -> str:
        """Take an element's text, as it is, and those attributes that its new place tells as well."""
        written = element.text
        text = own_text(element) if len(element) or not written else written.strip()
        draft.put(place, text, element)
        self.taken.texts.add(element)
        if attributes:
            self.imply_attributes(element, *attributes)
        return text

    def imply(self, element: Element, *attributes: str) -> None:
        """Take an element's text, and attributes, that another place tells already."""
        self.taken.texts.add(element)
        for name in attributes:
            self.taken.attributes.add((element, name))

    def imply_attributes(self, element: Element, *names: str) -> None:
        """Take attributes of an element that another place tells already."""
        for name in names:
            self.taken.attributes.add((element, name))

    def text(self, draft: Draft, place: str, parent: Element, path: str) -> str | None:
        """Take the text of the first element at a path."""
        element = self.first(parent, path)
        return None if element is None else self.take(draft, place, element)

    def texts(self, draft: Draft, parent: Element, places: PathsToPlaces) -> None:
        """Take the texts of the first elements at some paths, each to its place."""
        asked = self._asked.get(parent)
        found = None if asked is None else asked.texts.get(places)
        if found is None:
            firsts = [(place, self.first(parent, path)) for path, place in places]
            found = {place: element for place, element in firsts if element is not None}
            if asked is not None:
                asked.texts[places] = found
        for place, element in found.items():
            put(draft.values, place, own_text(element))
        draft.origins.update(found)
        self.taken.texts.update(found.values())

    def joined(self, draft: Draft, place: str, parent: Element, *paths: str) -> str | None:
        """Take the texts of all elements at some paths, each on lines of its own."""
        return self.join(draft, place, [each for path in paths for each in self.every(parent, path)])

    def join(self, draft: Draft, place: str, elements: Sequence[Element]) -> str | None:
        """Take the texts of some elements, each on lines of its own."""
        if not elements:
            return None
        self.taken.texts.update(elements)
        text = "\n".join(map(own_text, elements)) or None
        draft.put(place, text, elements[0])
        return text

    def number(self, draft: Draft, place: str, parent: Element, path: str) -> Decimal | None:
        """Take a number as it is."""
        element = self.first(parent, path)
        return None if element is None else self.take_number(draft, place, element)

    def take_number(self, draft: Draft, place: str, element: Element) -> Decimal | None:
        """Take an element's number as it is."""
        value = self.dialect.decimal(own_text(element))
        if value is None:
            self._no_number(element)
            return None
        self.taken.texts.add(element)
        draft.put(place, value, element)
        return value

    def amount(self, draft: Draft, place: str, parent: Element, path: str) -> Decimal | None:
        """Take an amount in the document's currency, exact to the cent."""
        element = self.first(parent, path)
        return None if element is None else self._take_amount(draft, place, element)

    def _take_amount(self, draft: Draft, place: str, element: Element) -> Decimal | None:
        value = self.amount_of(element)
        if value is not None:
            self.taken.texts.add(element)
            draft.put(place, value, element)
        return value

    def fill(self, draft: Draft, parent: Element, plan: Plan) -> Aside:
        """Take all values of a plan over an element and those below it.

        Returns:
            The elements that the plan sets aside, by their places.
        """
        laid_out = self._laid_out(parent, plan)
        values = draft.values
        left: set[Element] = set()
        for place, element in laid_out.plain.items():
            values[place] = (element.text or "").strip()
        for element, place, take, is_nested, read in laid_out.placed:
            text = (element.text or "").strip()
            if read is not None:
                value = read(text)
                if value is None:
                    value = self._number_of(element, take)
            elif take is _JOINED:
                value = own_text(element)
                if place in values:
                    value = f"{values[place]}\n{value}"
            else:
                value = self._number_of(element, take)
            if value is None:
                left.add(element)
            elif is_nested:
                put(values, place, value)
            else:
                values[place] = value
        left.update([element for element, text in laid_out.implied if own_text(element) != text])
        self._note(draft, parent, laid_out, left)
        return laid_out.aside

    def _note(self, draft: Draft, parent: Element, laid_out: LaidOut, left: AbstractSet[Element]) -> None:
        """Note what the values of a plan came from, all at once, and which of them were left."""
        origins, taken = laid_out.origins, self.taken
        if left:
            read = [(place, element) for element, place, *_ in laid_out.placed if element not in left]
            origins = {**laid_out.plain, **dict(read)}
        draft.origins.update(origins)
        taken.texts |= laid_out.texts - left if left else laid_out.texts
        taken.rest[parent] = [*laid_out.rest, *left] if left else laid_out.rest
        for element, attribute in laid_out.units:
            if element not in left:
                draft.put("unit", element.get(attribute), element)
                taken.attributes.add((element, attribute))

    def _laid_out(self, parent: Element, plan: Plan) -> LaidOut:
        """Return what a plan makes of an element, which is remembered with it."""
        asked = self._asked.get(parent)
        key = (plan, self.currency)
        found = None if asked is None else asked.laid_out.get(key)
        if found is None:
            found = plan.laid_out([*parent.iter()], self.dialect, self.currency)
            if asked is not None:
                asked.make_room()
                asked.laid_out[key] = found
        return found

    def _number_of(self, element: Element, take: Take) -> Decimal | None:
        """Return an element's number, amount or price in any form; None where it is none."""
        if take is _PRICE:
            return self.price_of(element)
        if take is not _NUMBER:
            return self.amount_of(element)
        self._no_number(element)
        return None

    def amount_of(self, element: Element) -> Decimal | None:
        """Return an element's amount in the document's currency, exact to the cent, without taking it."""
        value = self.price_of(element)
        if value is None or _HAS_CENTS.fullmatch(element.text or ""):
            return value
        exact = cents(value)
        if exact is None:
            self.wrong(
                element, "xml.amount", "has more than two decimals; amounts are never rounded, so correct it"
            )
        return exact

    def price_of(self, element: Element) -> Decimal | None:
        """Return an element's price in the document's currency, with all its decimals, without taking it."""
        value = self.dialect.decimal(own_text(element))
        if value is None:
            self._no_number(element)
        if self.is_foreign(element):
            self.wrong(
                element,
                "xml.currency",
                f"is in another currency than the document; correct its {self.dialect.currency_attribute}",
            )
            return None
        return value

    def is_foreign(self, element: Element) -> bool:
        """Say whether an amount says that it is in another currency than the document's, which names one."""
        return (
            self.currency != ""
            and element.get(self.dialect.currency_attribute, self.currency) != self.currency
        )

    def date(
        self, draft: Draft, place: str, parent: Element, path: str, *, optional: bool = False
    ) -> str | None:
        """Take a date, as ISO text.

        Args:
            draft: What it goes into.
            place: Where it goes.
            parent: Where the path begins.
            path: Where it stands.
            optional: Whether what is no date is kept as a detail instead of being refused.
        """
        element = self.first(parent, path)
        if element is None:
            return None
        day = self.day_of(element)
        if day is not None:
            draft.put(place, day, element)
        elif optional:
            self.remark(element, "is no date, and is kept in the definition details")
        else:
            self.wrong(element, "xml.date", f"is no date as {self.dialect.date_form}; correct it")
        return day

    def day_of(self, element: Element) -> str | None:
        """Take an element's day as ISO text; None for what is no date. A time zone makes it no other day."""
        text = own_text(element)
        day = self.dialect.date(text)
        if day is None:
            day = self.dialect.date(_ZONE.sub("", text))
            if day is None:
                return None
            self.remark(element, f"is {text}; its day is sent, not its time zone")
        self.imply(element)
        return day

    def leftovers(self) -> Leftovers:
        """Return what nobody took of the document; asked once everything that has a place is taken."""
        return Leftovers(self.taken, self.root, self._lent)

    # --- telling ------------------------------------------------------------------------------------

    def wrong(self, element: Element, rule: str, message: str) -> None:
        """Note that an element is wrong; the first ``MOST_PROBLEMS`` of them are told."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.where(element), rule, message))

    def _no_number(self, element: Element) -> None:
        self.wrong(element, "xml.number", f"is no number as {self.dialect.number_form}; correct it")

    def missing(self, path: str, message: str = "is missing, but every document needs it; add it") -> None:
        """Note that the document lacks what it must have."""
        self.problems.append(Problem(self._place(path), "xml.required", message))

    def remark(self, element: Element, message: str) -> None:
        """Note what was decided about an element."""
        self.remarks.append(f"{self.path_of(element)[1:]} {message}")

    def where(self, element: Element) -> str:
        """Return where an element stands, for a message: its line in the file, and its path."""
        if self._line_of is None:
            self._line_of = {} if self._lines is None else self._lines.by_element()
        path = self.path_of(element)
        line = self._line_of.get(element)
        return path if line is None else f"line {line}, {path}"

    def _place(self, path: str) -> str:
        return _place_in(self.root.tag, path)

    def find(self, path: str, draft: Draft) -> str | None:
        """Return where the value of a JSON path stands, or would stand, in the document.

        Args:
            path: The JSON path.
            draft: The request, which knows what its values came from.
        """
        origin: Element | None = draft.origin_of(path)
        if origin is not None:
            return self.where(origin)
        return self.named(path)

    def named(self, path: str) -> str | None:
        """Return where documents of this kind have the value of a JSON path; None where nowhere alone."""
        source = self.dialect.sources.get(path)
        return None if source is None else self._place(source)

    def path_of(self, element: Element) -> str:
        """Return the path of an element, in local names: ``/Invoice/InvoiceLine[2]/ID``."""
        if not self._paths:
            self._paths = paths_below(self.root)
        return self._paths.get(element) or self._envelope.paths[element]


@cache  # of the paths of this package, in the few kinds of documents that it reads
def _place_in(root: str, path: str) -> str:
    return f"/{local_name(root)}/{_PREFIX.sub('', path)}"
