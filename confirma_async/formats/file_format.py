"""The forms that files come in, and what tells them apart."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Form(enum.Enum):
    """The form of a file."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    JSON = "json"
    XML = "xml"
    """UBL 2.1 or Finvoice."""
    EXCEL = "xlsx"
    PARQUET = "parquet"
    ARROW = "arrow"
    """Arrow IPC, as a file (Feather) or as a stream."""


BY_EXTENSION: Mapping[str, Form] = {
    ".csv": Form.CSV,
    ".tsv": Form.CSV,
    ".jsonl": Form.JSON_LINES,
    ".ndjson": Form.JSON_LINES,
    ".json": Form.JSON,
    ".xml": Form.XML,
    ".xlsx": Form.EXCEL,
    ".xlsm": Form.EXCEL,
    ".parquet": Form.PARQUET,
    ".arrow": Form.ARROW,
    ".arrows": Form.ARROW,
    ".feather": Form.ARROW,
}
"""What a file is by its name; a folder stands for the files of these names in it."""

BY_SIGNATURE: Mapping[bytes, Form] = {
    b"PK\x03\x04": Form.EXCEL,
    b"PAR1": Form.PARQUET,
    b"ARROW1": Form.ARROW,
    b"\xff\xff\xff\xff": Form.ARROW,
}
"""What a file is by its first bytes, whatever its name."""

NOT_READ: Mapping[bytes, str] = {
    b"\xd0\xcf\x11\xe0": "is a spreadsheet of Excel 97 to 2003, or one with a password; save it as .xlsx",
    b"%PDF": "is a PDF document; a PDF can be an attachment of an invoice, but none is read from it",
    b"\x1f\x8b": "is compressed; unpack it first",
    b"FEA1": "is Feather of version 1; write it as Arrow IPC (Feather version 2) or Parquet",
}
"""Files that people take for invoices, by their first bytes."""

LIBRARIES: Mapping[Form, tuple[str, str, str]] = {
    Form.XML: ("lxml.etree", "lxml", "xml"),
    Form.EXCEL: ("openpyxl", "openpyxl", "excel"),
    Form.PARQUET: ("pyarrow.parquet", "pyarrow", "parquet"),
    Form.ARROW: ("pyarrow", "pyarrow", "parquet"),
}
"""The module that a form needs, its library, and the extra that installs it."""
