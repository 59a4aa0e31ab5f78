"""Reads the texts of elements as values, and puts values of a document into their places in the request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from confirma_async.formats.payload import Draft, put
from confirma_async.formats.values.decimals import cents
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.markup.reusable import PathsToPlaces
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.element_reader import ElementReader

_ZONE = re.compile(r"(?<=\d)(?:T00:00:00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?\Z", re.ASCII)


def text(reader: ElementReader, draft: Draft, place: str, parent: Element, path: str) -> str | None:
    """Take the text of the first element at a path."""
    element = reader.first(parent, path)
    return None if element is None else reader.take(draft, place, element)


def texts(reader: ElementReader, draft: Draft, parent: Element, places: PathsToPlaces) -> None:
    """Take the texts of the first elements at some paths, each to its place."""
    cache = reader.caches.get(parent)
    found = None if cache is None else cache.texts.get(places)
    if found is None:
        firsts = [(place, reader.first(parent, path)) for path, place in places]
        found = {place: element for place, element in firsts if element is not None}
        if cache is not None:
            cache.texts[places] = found
    for place, element in found.items():
        put(draft.values, place, own_text(element))
    draft.origins.update(found)
    reader.taken.texts.update(found.values())


def join(reader: ElementReader, draft: Draft, place: str, elements: Sequence[Element]) -> None:
    """Take the texts of some elements, each on lines of its own."""
    if elements:
        reader.taken.texts.update(elements)
        draft.put(place, "\n".join(map(own_text, elements)) or None, elements[0])


def number(reader: ElementReader, draft: Draft, place: str, parent: Element, path: str) -> Decimal | None:
    """Take a number as it is."""
    element = reader.first(parent, path)
    value = None if element is None else number_of(reader, element)
    if element is not None and value is not None:
        reader.taken.texts.add(element)
        draft.put(place, value, element)
    return value


def amount(reader: ElementReader, draft: Draft, place: str, parent: Element, path: str) -> Decimal | None:
    """Take an amount in the currency of the document, with at most two decimals."""
    element = reader.first(parent, path)
    value = None if element is None else amount_of(reader, element)
    if element is not None and value is not None:
        reader.taken.texts.add(element)
        draft.put(place, value, element)
    return value


def date(
    reader: ElementReader, draft: Draft, place: str, parent: Element, path: str, *, optional: bool = False
) -> str | None:
    """Take a date, in ISO 8601.

    Args:
        reader: The reader of the document.
        draft: The draft that the date goes into.
        place: The place of the date in the draft.
        parent: The element that the path begins below.
        path: The path of the date.
        optional: Whether a text that is no date becomes a detail instead of a problem.
    """
    element = reader.first(parent, path)
    if element is None:
        return None
    day = day_of(reader, element)
    if day is not None:
        draft.put(place, day, element)
    elif optional:
        reader.findings.remark(element, "is no date, and is kept in the definition details")
    else:
        reader.findings.no_date(element)
    return day


def amount_of(reader: ElementReader, element: Element) -> Decimal | None:
    """Return an element's amount in the document's currency, with at most two decimals, without taking it."""
    is_usual = not len(element) and not is_foreign(reader, element)
    value = reader.dialect.plain_amount(own_text(element)) if is_usual else None
    if value is not None:  # the usual form
        return value
    value = price_of(reader, element)
    exact = None if value is None else cents(value)
    if value is not None and exact is None:
        reader.findings.wrong(
            element, "xml.amount", "has more than two decimals; amounts are never rounded, so correct it"
        )
    return exact


def price_of(reader: ElementReader, element: Element) -> Decimal | None:
    """Return an element's price in the document's currency, with all its decimals, without taking it."""
    value = number_of(reader, element)
    return None if refuse_foreign(reader, element) else value


def number_of(reader: ElementReader, element: Element) -> Decimal | None:
    """Return an element's number, without taking it; None if it has another element inside."""
    value = None if len(element) else reader.dialect.decimal(own_text(element))
    if value is None:
        reader.findings.no_number(element)
    return value


def is_foreign(reader: ElementReader, element: Element) -> bool:
    """Say whether an amount names another currency than the document does."""
    currency = reader.currency
    return currency != "" and element.get(reader.dialect.currency_attribute, currency) != currency


def refuse_foreign(reader: ElementReader, element: Element) -> bool:
    """Refuse an amount in another currency than that of the document; return whether it is one."""
    found = is_foreign(reader, element)
    if found:
        message = f"is in another currency than the document; correct its {reader.dialect.currency_attribute}"
        reader.findings.wrong(element, "xml.currency", message)
    return found


def day_of(reader: ElementReader, element: Element) -> str | None:
    """Take an element's day in ISO 8601; None if it is no date. A time zone does not change the day."""
    if len(element):
        return None
    text = own_text(element)
    day = reader.dialect.date(text)
    if day is None:
        day = reader.dialect.date(_ZONE.sub("", text))
        if day is None:
            return None
        reader.findings.remark(element, f"is {text}; its day is sent, not its time zone")
    reader.imply(element)
    return day
