"""Files of ten-row invoices in each format, as many as wanted."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from confirma_async.converters import Converter
from confirma_async.formats import BadRecord, read

ROWS = 10
DAY = datetime.date(2026, 11, 2)
HEADER = (
    "number",
    "date",
    "due_date",
    "currency",
    "buyer_name",
    "row_product_name",
    "row_quantity",
    "row_vat_percentage",
    "row_net_amount",
)
EXAMPLES = Path(__file__).parents[2] / "examples"
FINVOICE = EXAMPLES / "finvoice" / "invoices.xml"
UBL = EXAMPLES / "ubl" / "invoice.xml"

UBL_TOTALS = {
    "1306.00": "10080.00",
    "1320.00": "10094.00",
    "336.60": "2573.97",
    "1656.60": "12667.97",
}
"""What the totals of the UBL example become where its first row stands ten times."""
FINVOICE_TOTALS = {
    "1044,20": "10080,00",
    "1064,20": "10100,00",
    "271,37": "2575,50",
    "1335,57": "12675,50",
}
"""The same of the Finvoice example."""


def written(name: str, folder: Path, count: int) -> Path:
    """Write a file of a format.

    Args:
        name: The format, as ``WRITERS`` or ``AS_JSON_LINES`` has it.
        folder: Where it is written.
        count: How many invoices it holds.
    """
    extension = "xml" if name in AS_JSON_LINES else name
    path = folder / f"{name}-{count}.{extension}"
    write = WRITERS[name] if name in WRITERS else _as_json_lines(name.removesuffix(".jsonl"))
    write(path, count)
    return path


def _lines(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(1, count + 1):
        for row in range(ROWS):
            amount = Decimal(number * 10 + row) / 100
            yield number, DAY, DAY, "EUR", f"Buyer {number} Oy", f"Work {row}", 2, Decimal("25.5"), amount


def _write_csv(path: Path, count: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_lines(count))


def _write_excel(path: Path, count: int) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADER)
    for line in _lines(count):
        sheet.append(line)
    book.save(path)


def _write_parquet(path: Path, count: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = dict(zip(HEADER, zip(*_lines(count), strict=True), strict=True))
    parquet.write_table(pa.table(columns), path)


def _as_json_lines(name: str) -> Callable[[Path, int], None]:
    """Return what writes the invoices of another format as JSON Lines."""

    def write(path: Path, count: int) -> None:
        source, converter = written(name, path.parent, count), Converter()
        with path.open("wb") as file:
            for record in read(source):
                if not isinstance(record, BadRecord):
                    file.write(converter.dumps(record.request) + b"\n")

    return write


def _write_finvoice(path: Path, count: int) -> None:
    document = FINVOICE.read_bytes().decode("iso-8859-15")
    document = document[document.index("<?xml") : document.index("</Finvoice>")] + "</Finvoice>\n"
    for before, after in FINVOICE_TOTALS.items():
        document = document.replace(f">{before}<", f">{after}<")
    _write_documents(path, count, _with_rows(document, "InvoiceRow"), ">13001</InvoiceNumber>", "iso-8859-15")


def _write_ubl(path: Path, count: int) -> None:
    document = UBL.read_text(encoding="utf-8") + "\n"
    for before, after in UBL_TOTALS.items():
        document = document.replace(f">{before}<", f">{after}<")
    _write_documents(path, count, _with_rows(document, "cac:InvoiceLine"), ">12001</cbc:ID>", "utf-8")


def _with_rows(document: str, name: str) -> str:
    """Return a document with its first row so often, each with its own number, and no other."""
    end = f"</{name}>"
    first = document.index(f"<{name}>")
    row = document[first : document.index(end) + len(end)]
    rows = [row.replace("<cbc:ID>1<", f"<cbc:ID>{number}<", 1) for number in range(1, ROWS + 1)]
    return document[:first] + "".join(rows) + document[document.rindex(end) + len(end) :]


def _write_documents(path: Path, count: int, document: str, number: str, encoding: str) -> None:
    before, _, after = document.partition(number)
    behind = number[number.index("<") :]
    with path.open("w", encoding=encoding) as file:
        for each in range(1, count + 1):
            file.write(f"{before}>{each}{behind}{after}")


WRITERS: Mapping[str, Callable[[Path, int], None]] = {
    "csv": _write_csv,
    "jsonl": _as_json_lines("csv"),
    "parquet": _write_parquet,
    "xlsx": _write_excel,
    "ubl": _write_ubl,
    "finvoice": _write_finvoice,
}

AS_JSON_LINES: Mapping[str, str] = {"ubl": "ubl.jsonl", "finvoice": "finvoice.jsonl"}
"""The name of JSON Lines of the same invoices, where these are not those of the tables."""
