"""A document as a tree whose every text and attribute is either consumed or left over, never lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

from confirma_async.errors import Problem
from confirma_async.formats.decimals import cents

if TYPE_CHECKING:
    from lxml.etree import _Element  # pyright: ignore[reportPrivateUsage]

    Element: TypeAlias = _Element

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
MOST_PROBLEMS = 1000
"""Problems of one document that are told: whoever wrote so many has one of them all over."""
_PREFIX = re.compile(r"\b\w+:")


@frozen(kw_only=True)
class Dialect:
    """How a kind of document writes what all of them say.

    Attributes:
        namespaces: The prefixes of paths.
        currency: Finds the document's currency, from its root; empty where it names none.
        currency_attribute: The attribute of an amount that names its currency.
        decimal: Reads a number; None for what is none.
        number_form: How numbers are written, for messages.
        date: Reads a date as ISO text; None for what is none.
        date_form: How dates are written, for messages.
        silent: Attributes with a value that says nothing.
    """

    namespaces: Mapping[str, str] = field(factory=dict[str, str])
    currency: Callable[[Element], str]
    currency_attribute: str
    decimal: Callable[[str], Decimal | None]
    number_form: str
    date: Callable[[str], str | None]
    date_form: str
    silent: Mapping[str, str] = field(factory=dict[str, str])


class ElementReader:
    """The texts and attributes of a document, and which of them have found a place.

    Reading a value consumes it. ``unconsumed`` gives what nobody did, in the order of the document.

    Attributes:
        root: The document's root element.
        currency: The document's currency; empty where it names none.
        problems: What was found wrong while reading.
    """

    def __init__(self, root: Element, dialect: Dialect) -> None:
        self.root = root
        self.dialect = dialect
        self.problems: list[Problem] = []
        self._consumed: set[Element] = set()
        self._consumed_attributes: set[tuple[Element, str]] = set()
        self.currency: str = dialect.currency(root)
        self._namespaces = dict(dialect.namespaces)

    def every(self, parent: Element, path: str) -> list[Element]:
        """The elements at a path below a parent, in order; those without text and children do not count."""
        return [each for each in parent.findall(path, self._namespaces) if len(each) or own_text(each)]

    def first(self, parent: Element, path: str) -> Element | None:
        """The first of the elements at a path; None where there is none."""
        return next(iter(self.every(parent, path)), None)

    def peek(self, parent: Element, path: str) -> str | None:
        """The text of the first element at a path, without consuming it."""
        element = self.first(parent, path)
        return None if element is None else own_text(element)

    def consume(self, element: Element, *attributes: str) -> str:
        """Consumes an element's text, and those attributes that its new place tells as well."""
        self._consumed.add(element)
        self._consumed_attributes.update((element, name) for name in attributes)
        return own_text(element)

    def release(self, *elements: Element) -> None:
        """Gives back texts whose place does not tell all of them, so that they are kept as details too."""
        self._consumed.difference_update(elements)

    def text(self, parent: Element, path: str) -> str | None:
        """Consumes the text of the first element at a path."""
        element = self.first(parent, path)
        return None if element is None else self.consume(element)

    def joined(self, parent: Element, path: str) -> str | None:
        """Consumes the texts of all elements at a path, each on lines of its own."""
        return "\n".join(self.consume(each) for each in self.every(parent, path)) or None

    def number(self, parent: Element, path: str) -> Decimal | None:
        """Consumes a number as it is."""
        element = self.first(parent, path)
        if element is None:
            return None
        value = self.dialect.decimal(self.consume(element))
        if value is None:
            self._no_number(element)
        return value

    def amount(self, parent: Element, path: str) -> Decimal | None:
        """Consumes an amount in the document's currency, exact to the cent."""
        element = self.first(parent, path)
        return None if element is None else self.amount_of(element)

    def amount_of(self, element: Element) -> Decimal | None:
        """Consumes an element's amount in the document's currency, exact to the cent."""
        self.price_of(element)
        value = self.dialect.decimal(own_text(element))
        exact = None if value is None else cents(value)
        if value is not None and exact is None:
            self.wrong(
                element, "xml.amount", "has more than two decimals; amounts are never rounded, so correct it"
            )
        return exact

    def price_of(self, element: Element) -> Decimal | None:
        """Consumes an element's price in the document's currency, with all its decimals."""
        attribute = self.dialect.currency_attribute
        value = self.dialect.decimal(self.consume(element, attribute))
        if value is None:
            self._no_number(element)
        if self.is_foreign(element):
            self.wrong(
                element,
                "xml.currency",
                f"is in another currency than the document; correct its {attribute}",
            )
        return value

    def is_foreign(self, element: Element) -> bool:
        """Whether an amount says that it is in another currency than the document's."""
        return element.get(self.dialect.currency_attribute, self.currency) != self.currency

    def date(self, parent: Element, path: str) -> str | None:
        """Consumes a date, as ISO text."""
        element = self.first(parent, path)
        if element is None:
            return None
        day = self.dialect.date(self.consume(element))
        if day is None:
            self.wrong(element, "xml.date", f"is no date as {self.dialect.date_form}; correct it")
        return day

    def wrong(self, element: Element, rule: str, message: str) -> None:
        """Notes that an element is wrong; the first ``MOST_PROBLEMS`` of them are told."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(where(element), rule, message))

    def _no_number(self, element: Element) -> None:
        self.wrong(element, "xml.number", f"is no number as {self.dialect.number_form}; correct it")

    def missing(self, path: str) -> None:
        """Notes that the document lacks what it must have."""
        place = f"{where(self.root)}/{_PREFIX.sub('', path)}"
        self.problems.append(
            Problem(place, "xml.required", "is missing, but every document needs it; add it")
        )

    def unconsumed(self, top: Element, besides: Collection[Element] = ()) -> Iterator[dict[str, str]]:
        """What nobody consumed of an element and all below it, as definition details in wire form.

        Args:
            top: The element; codes are paths below it.
            besides: Elements that are passed over with all below them.
        """
        passed_over = frozenset(besides)
        pending = [(top, "")]
        while pending:
            element, path = pending.pop()
            yield from self._unconsumed_of(element, path)
            prefix = f"{path}/" if path else ""
            below = [
                (child, prefix + step)
                for child, step in zip(element, _steps(element), strict=True)
                if child not in passed_over
            ]
            pending += reversed(below)

    def _unconsumed_of(self, element: Element, path: str) -> Iterator[dict[str, str]]:
        text = own_text(element)
        attributes = {
            local_name(name): str(value)
            for name, value in element.attrib.items()
            if (element, name) not in self._consumed_attributes
            and not str(name).startswith(_INSTANCE)
            and not (name == self.dialect.currency_attribute and value == self.currency)
            and self.dialect.silent.get(str(name)) != value
        }
        if text and element not in self._consumed:
            detail = {"code": path or local_name(element.tag), "value": text}
            if attributes:
                detail["name"] = ", ".join(f"{name}={value}" for name, value in attributes.items())
            yield detail
        else:
            for name, value in attributes.items():
                yield {"code": f"{path}/@{name}" if path else f"@{name}", "value": value}


def where(element: Element) -> str:
    """The path of an element from the root, in local names: ``/Invoice/InvoiceLine[2]/ID``."""
    steps = [_step(each) for each in (element, *element.iterancestors())]
    return "/" + "/".join(reversed(steps))


def _step(element: Element) -> str:
    name = local_name(element.tag)
    tag = str(element.tag)
    before = len(list(element.itersiblings(tag, preceding=True)))
    alone = before == 0 and next(element.itersiblings(tag), None) is None
    return name if alone else f"{name}[{before + 1}]"


def _steps(parent: Element) -> list[str]:
    """The last step of the path of each child, found in one go: one by one, all are counted each time."""
    tags = [str(child.tag) for child in parent]
    together = Counter(tags)
    seen: Counter[str] = Counter()
    steps: list[str] = []
    for tag in tags:
        seen[tag] += 1
        name = local_name(tag)
        steps.append(name if together[tag] == 1 else f"{name}[{seen[tag]}]")
    return steps


def local_name(name: object) -> str:
    """The name of an element or attribute, without its namespace."""
    return str(name).rpartition("}")[2]


def own_text(element: Element) -> str:
    """The text of an element itself, without that of its children and without space around it."""
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
