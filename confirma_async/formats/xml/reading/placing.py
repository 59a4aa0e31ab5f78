"""Functions that take a value of a document and put it into its place in the request."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from confirma_async.formats.payload import Draft, put
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.markup.reusable import PathsToPlaces
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.element_values import amount_of, day_of, number_of


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
    if element is None:
        return None
    value = number_of(reader, element)
    if value is not None:
        reader.taken.texts.add(element)
        draft.put(place, value, element)
    return value


def amount(reader: ElementReader, draft: Draft, place: str, parent: Element, path: str) -> Decimal | None:
    """Take an amount in the document's currency, exact to the cent."""
    element = reader.first(parent, path)
    value = None if element is None else amount_of(reader, element)
    if element is not None and value is not None:
        reader.taken.texts.add(element)
        draft.put(place, value, element)
    return value


def date(
    reader: ElementReader, draft: Draft, place: str, parent: Element, path: str, *, optional: bool = False
) -> str | None:
    """Take a date, as ISO text.

    Args:
        reader: The document.
        draft: What it goes into.
        place: Where it goes.
        parent: Where the path begins.
        path: Where it stands.
        optional: Whether what is no date is kept as a detail instead of being refused.
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
