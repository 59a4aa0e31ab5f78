"""A document as a tree whose every text and attribute is taken to its place or left over, never lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from confirma_async.errors import Problem
from confirma_async.formats.payload import Draft
from confirma_async.formats.values.decimals import cents
from confirma_async.formats.xml.documents import Lines
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.plan import Plan, Take, Tree

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
MOST_PROBLEMS = 1000
"""Problems of one document that are told: whoever wrote so many has one of them all over."""
_PREFIX = re.compile(r"\b\w+:")
_HAS_CENTS = re.compile(r"-?\d+[.,]\d\d?", re.ASCII)
_ZONE = re.compile(r"(?<=\d)(?:T00:00:00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?\Z", re.ASCII)


@frozen(kw_only=True)
class Dialect:
    """How a kind of document writes what all of them say.

    Attributes:
        namespaces: The prefixes of paths.
        currency: Finds the document's currency, from its root; empty where it names none.
        currency_place: Where a document names its currency, for messages.
        currency_attribute: The attribute of an amount that names its currency.
        decimal: Reads a number; None for what is none.
        number_form: How numbers are written, for messages.
        date: Reads a date as ISO text; None for what is none.
        date_form: How dates are written, for messages.
        silent: Attributes with a value that says nothing.
        sources: By JSON path, where in the document a value would stand that is not there.
        known_steps: The paths that were asked for, as tags.
    """

    namespaces: Mapping[str, str] = field(factory=dict[str, str])
    currency: Callable[[Element], str]
    currency_place: str
    currency_attribute: str
    decimal: Callable[[str], Decimal | None]
    number_form: str
    date: Callable[[str], str | None]
    date_form: str
    silent: Mapping[str, str] = field(factory=dict[str, str])
    sources: Mapping[str, str] = field(factory=dict[str, str])
    known_steps: dict[str, tuple[str, ...]] = field(
        init=False, factory=dict[str, tuple[str, ...]], repr=False
    )

    def steps(self, path: str) -> tuple[str, ...]:
        """Return the tags of a path such as ``cac:Party/cbc:Name``."""
        found = self.known_steps.get(path)
        if found is None:
            tags = [step.rpartition(":") for step in path.split("/")]
            found = tuple(
                f"{{{self.namespaces[prefix]}}}{name}" if prefix else name for prefix, _, name in tags
            )
            self.known_steps[path] = found
        return found


class ElementReader:
    """The texts and attributes of a document, and which of them have found a place.

    ``text``, ``number``, ``amount`` and ``date`` take a value to its place in the request in one go: what is
    taken is placed. ``imply`` is for what another place tells already. ``unconsumed`` gives all that is left.

    Attributes:
        root: The document's root element.
        currency: The document's currency; empty where it names none.
        problems: What was found wrong while reading.
        remarks: What was decided while reading, one sentence each.
    """

    def __init__(self, root: Element, dialect: Dialect, lines: Lines | None = None) -> None:
        self.root = root
        self.dialect = dialect
        self.problems: list[Problem] = []
        self.remarks: list[str] = []
        self.currency: str = dialect.currency(root)
        self._lines = lines
        self._line_of: dict[Element, int] | None = None
        self._consumed: set[Element] = set()
        self._consumed_attributes: set[tuple[Element, str]] = set()
        self._steps = dialect.known_steps
        self._paths: dict[Element, str] = {}

    # --- looking ------------------------------------------------------------------------------------

    def every(self, parent: Element, path: str) -> list[Element]:
        """Return the elements at a path below a parent, in order.

        Those without text and children do not count.
        """
        steps = self._steps.get(path) or self.dialect.steps(path)
        found = parent.findall(steps[0])
        for tag in steps[1:]:
            found = [child for each in found for child in each.findall(tag)]
        return [each for each in found if len(each) or own_text(each)] if found else found

    def first(self, parent: Element, path: str) -> Element | None:
        """Return the first of the elements at a path; None where there is none."""
        steps = self._steps.get(path) or self.dialect.steps(path)
        found = parent
        for tag in steps:
            inner = found.find(tag)
            if inner is None:
                return None if tag is steps[0] else next(iter(self.every(parent, path)), None)
            found = inner
        text = found.text
        if (text and not text.isspace()) or len(found) or own_text(found):
            return found
        return next(iter(self.every(parent, path)), None)

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
        self._consumed.add(element)
        if attributes:
            self.imply_attributes(element, *attributes)
        return text

    def imply(self, element: Element, *attributes: str) -> None:
        """Take an element's text, and attributes, that another place tells already."""
        self._consumed.add(element)
        for name in attributes:
            self._consumed_attributes.add((element, name))

    def imply_attributes(self, element: Element, *names: str) -> None:
        """Take attributes of an element that another place tells already."""
        for name in names:
            self._consumed_attributes.add((element, name))

    def release(self, *elements: Element) -> None:
        """Give back texts whose place does not tell all of them, so that they are kept as details too."""
        self._consumed.difference_update(elements)

    def text(self, draft: Draft, place: str, parent: Element, path: str) -> str | None:
        """Take the text of the first element at a path."""
        element = self.first(parent, path)
        return None if element is None else self.take(draft, place, element)

    def joined(self, draft: Draft, place: str, parent: Element, *paths: str) -> str | None:
        """Take the texts of all elements at some paths, each on lines of its own."""
        elements = [each for path in paths for each in self.every(parent, path)]
        for element in elements:
            self.imply(element)
        text = "\n".join(map(own_text, elements)) or None
        draft.put(place, text, elements[0] if elements else None)
        return text

    def number(self, draft: Draft, place: str, parent: Element, path: str) -> Decimal | None:
        """Take a number as it is."""
        element = self.first(parent, path)
        return None if element is None else self._take_number(draft, place, element)

    def _take_number(self, draft: Draft, place: str, element: Element) -> Decimal | None:
        value = self.dialect.decimal(own_text(element))
        if value is None:
            self._no_number(element)
            return None
        self._consumed.add(element)
        draft.put(place, value, element)
        return value

    def amount(self, draft: Draft, place: str, parent: Element, path: str) -> Decimal | None:
        """Take an amount in the document's currency, exact to the cent."""
        element = self.first(parent, path)
        return None if element is None else self._take_amount(draft, place, element)

    def _take_amount(self, draft: Draft, place: str, element: Element) -> Decimal | None:
        value = self.amount_of(element)
        if value is not None:
            self._consumed.add(element)
            draft.put(place, value, element)
        return value

    def fill(self, draft: Draft, parent: Element, plan: Plan) -> None:
        """Take all values of a plan in one walk over an element's children."""
        self._fill(draft, parent, plan.tree(self.dialect.steps))

    def _fill(self, draft: Draft, parent: Element, tree: Tree) -> None:
        seen: set[str] = set()
        for child in parent:
            tag = child.tag
            step = tree.get(tag)
            if step is None or tag in seen:
                continue
            text = child.text
            if step.below and len(child):
                self._fill(draft, child, step.below)
            elif not text or text.isspace():
                continue  # an empty element does not count
            seen.add(tag)
            place, take = step.place, step.take
            if place is None:
                continue
            if take is Take.TEXT:
                self.take(draft, place, child)
            elif take is Take.AMOUNT:
                self._take_amount(draft, place, child)
            elif take is Take.NUMBER:
                self._take_number(draft, place, child)
            elif own_text(child) == place:
                self._consumed.add(child)

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
        return f"/{local_name(self.root.tag)}/{_PREFIX.sub('', path)}"

    def find(self, path: str, origins: Mapping[str, Any]) -> str | None:
        """Return where the value of a JSON path stands, or would stand, in the document.

        Args:
            path: The JSON path.
            origins: By JSON path, the elements that values came from.
        """
        origin: Element | None = origins.get(path)
        if origin is not None:
            return self.where(origin)
        source = self.dialect.sources.get(path)
        return None if source is None else self._place(source)

    # --- what is left -------------------------------------------------------------------------------

    def unconsumed(self, top: Element, besides: Collection[Element] = ()) -> list[dict[str, str]]:
        """Return what nobody took of an element and all below it, as definition details in wire form.

        Args:
            top: The element; codes are paths below it.
            besides: Children of it that are passed over with all below them.
        """
        if not besides and not self._may_be_left_in(top):
            return []
        found = list(self._unconsumed_of(top, "")) if self._is_left(top) else []
        steps: dict[Element, str] | None = None
        for child in top:
            if child in besides or not self._may_be_left_in(child):
                continue
            if steps is None:
                steps = dict(_steps(top))
            pending = [(child, steps[child])]
            while pending:
                element, path = pending.pop()
                if self._is_left(element):
                    found += self._unconsumed_of(element, path)
                if len(element):
                    pending += [
                        (below, f"{path}/{step}")
                        for below, step in reversed(_steps(element))
                        if self._may_be_left_in(below)
                    ]
        return found

    def _may_be_left_in(self, top: Element) -> bool:
        """Say whether something of an element, or of those below it, may be left; looks at each once."""
        consumed, plain, currency = self._consumed, [self.dialect.currency_attribute], self.currency
        for element in top.iter():
            text, tail = element.text, element.tail
            if text and element not in consumed and not text.isspace():
                return True
            if tail and element is not top and not tail.isspace():
                return True
            names = element.keys()
            if not names or (names == plain and element.get(plain[0]) == currency):
                continue
            if any(self._left_attributes(element)):
                return True
        return False

    def _is_left(self, element: Element) -> bool:
        """Say whether something of an element itself is left."""
        if element not in self._consumed and own_text(element):
            return True
        return bool(element.keys()) and any(self._left_attributes(element))

    def _left_attributes(self, element: Element) -> Iterator[tuple[str, str]]:
        """Return the attributes that nobody took, and that say something."""
        for name, value in element.items():
            if (
                not (name == self.dialect.currency_attribute and value == self.currency)
                and (element, name) not in self._consumed_attributes
                and self.dialect.silent.get(name) != value
                and not name.startswith(_INSTANCE)
            ):
                yield local_name(name), value

    def _unconsumed_of(self, element: Element, path: str) -> Iterator[dict[str, str]]:
        text = own_text(element)
        attributes = dict(self._left_attributes(element))
        if text and element not in self._consumed:
            detail = {"code": path or local_name(element.tag), "value": text}
            if attributes:
                detail["name"] = ", ".join(f"{name}={value}" for name, value in attributes.items())
            yield detail
        else:
            for name, value in attributes.items():
                yield {"code": f"{path}/@{name}" if path else f"@{name}", "value": value}

    def path_of(self, element: Element) -> str:
        """Return the path of an element from the root, in local names: ``/Invoice/InvoiceLine[2]/ID``."""
        if not self._paths:  # all at once, the first time: elements do not know their parents
            pending = [(self.root, f"/{local_name(self.root.tag)}")]
            while pending:
                each, path = pending.pop()
                self._paths[each] = path
                pending += [(child, f"{path}/{step}") for child, step in _steps(each)]
        return self._paths[element]


def _steps(parent: Element) -> list[tuple[Element, str]]:
    """Return each child with the last step of its path, found in one go.

    One by one, all are counted each time.
    """
    tags = [child.tag for child in parent]
    if len(set(tags)) == len(tags):
        return [(child, local_name(child.tag)) for child in parent]
    together = Counter(tags)
    seen: Counter[str] = Counter()
    steps: list[tuple[Element, str]] = []
    for child, tag in zip(parent, tags, strict=True):
        seen[tag] += 1
        name = local_name(tag)
        steps.append((child, name if together[tag] == 1 else f"{name}[{seen[tag]}]"))
    return steps


def local_name(name: str) -> str:
    """Return the name of an element or attribute, without its namespace."""
    return name.rpartition("}")[2]


def own_text(element: Element) -> str:
    """Return the text of an element itself, without that of its children and without space around it."""
    text = element.text
    if not len(element):
        return text.strip() if text else ""
    return "".join([text or "", *(child.tail or "" for child in element)]).strip()
