"""Due dates of documents that state none."""

from __future__ import annotations

import datetime

from confirma_async.formats.xml.element_reader import ElementReader
from confirma_async.schemas import InvoiceType


def assumed(
    reader: ElementReader, issued: str, kind: InvoiceType, days: int, remarks: list[str]
) -> str | None:
    """The due date of a document that states none, with a remark that says so.

    Args:
        reader: The document.
        issued: Its own date.
        kind: What it is sent as.
        days: From its date to the due date.
        remarks: What was decided while reading it.
    """
    if kind == InvoiceType.CREDIT_NOTE:
        remarks.append("the credit note states no due date; its issue date is taken")
        return issued
    try:
        due = (datetime.date.fromisoformat(issued) + datetime.timedelta(days=days)).isoformat()
    except OverflowError:
        reader.wrong(reader.root, "xml.date", "has no due date that the calendar could hold; state one")
        return None
    remarks.append(
        f"the invoice states no due date; {days} days after its issue date are taken "
        "(30 days are the rule of directive 2011/7/EU, article 3, where nothing is agreed; "
        "change them with --due-days)"
    )
    return due
