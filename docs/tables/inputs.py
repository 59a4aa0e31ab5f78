"""Tables of input files: columns, document types, rules."""

from __future__ import annotations

from collections.abc import Sequence

from confirma_async.formats import COLUMNS
from confirma_async.formats.tables.columns import REQUIRED, SUMMED
from confirma_async.formats.xml.finvoice.codes import TYPE_CODES as FINVOICE_CODES
from confirma_async.formats.xml.ubl.codes import TYPE_CODES
from confirma_async.schemas import InvoiceType
from confirma_async.validation import RULES
from docs.tables.markup import code, table


def columns() -> str:
    """Return every column of CSV files."""
    rows: list[Sequence[str]] = []
    for column in COLUMNS.values():
        place = f"invoice.rows[].{column.place}" if column.of_row else column.place
        values = column.kind.value
        if column.name in REQUIRED:
            values += "; required"
        if column.name in SUMMED:
            values += f"; the sum of `{SUMMED[column.name]}` where it is not given"
        rows.append((code(column.name), code(place), values))
    return table(("Column", "Goes to", "Values"), rows)


def type_codes() -> str:
    """Return the UBL document types that are read."""
    rows = [
        (code(kind.value), ", ".join(sorted((c for c, k in TYPE_CODES.items() if k == kind), key=int)))
        for kind in (InvoiceType.INVOICE, InvoiceType.CREDIT_NOTE)
    ]
    return table(("Sent as", "Document type codes"), rows)


def finvoice_codes() -> str:
    """Return the Finvoice document types that are read."""
    rows = [
        (code(kind.value), ", ".join(code for code, each in FINVOICE_CODES.items() if each == kind))
        for kind in dict.fromkeys(FINVOICE_CODES.values())
    ]
    return table(("Sent as", "Document type codes"), rows)


def rules() -> str:
    """Return every rule that is checked before sending."""
    return table(
        ("Rule", "What must hold", "Degree", "Source"),
        [(code(rule.id), rule.text, rule.degree.value, rule.source) for rule in RULES],
    )
