"""Refuses what a UBL document taxes at two rates at once."""

from __future__ import annotations

from confirma_async.formats.values.decimals import decimal
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.once import refuse_second

_PERCENT, _SCHEME = "cbc:Percent", "cac:TaxScheme/cbc:ID"


def check_rates(reader: ElementReader, parent: Element, path: str, *, is_of_one_tax: bool = False) -> None:
    """Refuse a second rate of one tax that is another number than the first.

    Args:
        reader: The document.
        parent: What is taxed.
        path: The path of its tax categories.
        is_of_one_tax: Whether they are of one tax, whatever they say of their schemes.
    """
    categories = reader.every(parent, path)
    if len(categories) == 1:
        return
    rates: dict[str, Element] = {}
    for each in categories:
        rate = reader.first(each, _PERCENT)
        if rate is None:
            continue
        first = rates.setdefault("" if is_of_one_tax else reader.peek(each, _SCHEME) or "", rate)
        if decimal(own_text(first)) != decimal(own_text(rate)):
            refuse_second(reader, (first, rate))
            return
