"""Takes all values of a plan in one pass over the elements."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from confirma_async.formats.payload import Draft, put
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.once import refuse_second
from confirma_async.formats.xml.reading.placing import amount_of, number_of, price_of
from confirma_async.formats.xml.reading.plan import Aside, LaidOut, Plan, Take

_NUMBER, _PRICE, _JOINED = Take.NUMBER, Take.PRICE, Take.JOINED


def fill(reader: ElementReader, draft: Draft, parent: Element, plan: Plan) -> Aside:
    """Take all values of a plan over an element and those below it.

    Returns:
        The elements that the plan sets aside, by their places.
    """
    laid_out = _laid_out(reader, parent, plan)
    values = draft.values
    left: list[Element] = []
    for element, place, take, is_nested, read in laid_out.placed:
        value = None if read is None else read((element.text or "").strip())
        if value is None:
            if take is _JOINED:
                value = own_text(element)
                if place in values:
                    value = f"{values[place]}\n{value}"
            else:
                value = _number_of(reader, element, take)
                if value is None:
                    left.append(element)
                    continue
        if is_nested:
            put(values, place, value)
        else:
            values[place] = value
    left += [element for element, text in laid_out.implied if own_text(element) != text]
    _note(reader, draft, parent, laid_out, left)
    return laid_out.aside


def _note(
    reader: ElementReader, draft: Draft, parent: Element, laid_out: LaidOut, left: Collection[Element]
) -> None:
    """Take note of the elements that the values of a plan came from, and of those that were left."""
    taken = reader.taken
    for pair in laid_out.repeated:
        refuse_second(reader, pair)
    if left:
        read = [(place, element) for element, place, *_ in laid_out.placed if element not in left]
        draft.origins.update(read)
        taken.texts |= laid_out.texts - {*left}
    else:
        draft.origins.update(laid_out.origins)
        taken.texts |= laid_out.texts
        taken.rests[parent] = laid_out.rest
    for element, attribute in laid_out.units:
        if element not in left:
            draft.put("unit", element.get(attribute), element)
            taken.attributes.add((element, attribute))


def _laid_out(reader: ElementReader, parent: Element, plan: Plan) -> LaidOut:
    """Return what a plan takes of an element; cached with the element."""
    cache = reader.caches.get(parent)
    key = (plan, reader.currency)
    found = None if cache is None else cache.laid_out.get(key)
    if found is None:
        found = plan.laid_out([*parent.iter()], reader.dialect, reader.currency)
        if cache is not None:
            cache.make_room()
            cache.laid_out[key] = found
    return found


def _number_of(reader: ElementReader, element: Element, take: Take) -> Decimal | None:
    """Return an element's number, amount or price in any form; None where it is none."""
    if take is _PRICE:
        return price_of(reader, element)
    return number_of(reader, element) if take is _NUMBER else amount_of(reader, element)
