"""Reads the text of an element as an amount, a price or a date."""

from __future__ import annotations

import re
from decimal import Decimal

from confirma_async.formats.values.decimals import cents
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.element_reader import ElementReader

_ZONE = re.compile(r"(?<=\d)(?:T00:00:00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?\Z", re.ASCII)


def amount_of(reader: ElementReader, element: Element) -> Decimal | None:
    """Return an element's amount in the document's currency, exact to the cent, without taking it."""
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
    """Return an element's number, without taking it. With another element inside, it is none."""
    value = None if len(element) else reader.dialect.decimal(own_text(element))
    if value is None:
        reader.findings.no_number(element)
    return value


def is_foreign(reader: ElementReader, element: Element) -> bool:
    """Say whether an amount says that it is in another currency than the document's, which names one."""
    currency = reader.currency
    return currency != "" and element.get(reader.dialect.currency_attribute, currency) != currency


def refuse_foreign(reader: ElementReader, element: Element) -> bool:
    """Refuse an amount in another currency than the document's; return whether it is."""
    found = is_foreign(reader, element)
    if found:
        message = f"is in another currency than the document; correct its {reader.dialect.currency_attribute}"
        reader.findings.wrong(element, "xml.currency", message)
    return found


def day_of(reader: ElementReader, element: Element) -> str | None:
    """Take an element's day as ISO text; None for what is no date. A time zone makes it no other day."""
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
