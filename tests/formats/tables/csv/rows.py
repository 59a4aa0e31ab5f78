"""A header and rows of a table, and what is read of them."""

from __future__ import annotations

from collections.abc import Iterable

from confirma_async.formats import BadRecord, ReadInvoice

HEADER = "number,date,due_date,currency,row_quantity,row_net_amount,description"


def row(
    number: str = "1", net: str = "10.00", quantity: str = "1.5", text: str = "", date: str = "2026-01-01"
) -> str:
    return f"{number},{date},2026-01-15,EUR,{quantity},{net},{text}"


def good(found: Iterable[ReadInvoice | BadRecord]) -> list[tuple[int | None, int]]:
    return [
        (each.place.line, each.request.invoice.header.number)
        for each in found
        if isinstance(each, ReadInvoice)
    ]


def bad(
    found: Iterable[ReadInvoice | BadRecord],
) -> list[tuple[int | None, str | None, list[tuple[str, str]]]]:
    return [
        (each.place.line, each.number, [(problem.path, problem.rule) for problem in each.problems])
        for each in found
        if isinstance(each, BadRecord)
    ]
