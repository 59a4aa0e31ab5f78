"""The formats of files, and how each is recognised."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class FileFormat(enum.Enum):
    """The format of a file."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    JSON = "json"
    XML = "xml"
    """UBL 2.1 or Finvoice."""
    EXCEL = "xlsx"
    PARQUET = "parquet"
    ARROW = "arrow"
    """Arrow IPC, as a file (Feather) or as a stream."""


BY_EXTENSION: Mapping[str, FileFormat] = {
    ".csv": FileFormat.CSV,
    ".tsv": FileFormat.CSV,
    ".jsonl": FileFormat.JSON_LINES,
    ".ndjson": FileFormat.JSON_LINES,
    ".json": FileFormat.JSON,
    ".xml": FileFormat.XML,
    ".xlsx": FileFormat.EXCEL,
    ".xlsm": FileFormat.EXCEL,
    ".parquet": FileFormat.PARQUET,
    ".arrow": FileFormat.ARROW,
    ".arrows": FileFormat.ARROW,
    ".feather": FileFormat.ARROW,
}
"""Formats by the extension of a file; of a folder, the files with these extensions are read."""

BY_SIGNATURE: Mapping[bytes, FileFormat] = {
    b"PK\x03\x04": FileFormat.EXCEL,
    b"PAR1": FileFormat.PARQUET,
    b"ARROW1": FileFormat.ARROW,
    b"\xff\xff\xff\xff": FileFormat.ARROW,
}
"""Formats by the first bytes of a file, which count more than its name."""

NOT_READ: Mapping[bytes, str] = {
    b"\xd0\xcf\x11\xe0": "is a spreadsheet of Excel 97 to 2003, or one with a password; save it as .xlsx",
    b"%PDF": "is a PDF document; a PDF can be an attachment of an invoice, but none is read from it",
    b"\x1f\x8b": "is compressed; unpack it first",
    b"FEA1": "is Feather of version 1; write it as Arrow IPC (Feather version 2) or Parquet",
}
"""Messages for files that people take for invoices, by the first bytes of the file."""

LIBRARIES: Mapping[FileFormat, tuple[str, str, str]] = {
    FileFormat.EXCEL: ("openpyxl", "openpyxl", "excel"),
    FileFormat.PARQUET: ("pyarrow.parquet", "pyarrow", "parquet"),
    FileFormat.ARROW: ("pyarrow", "pyarrow", "parquet"),
}
"""For each format that needs a library: its module, its name, and the extra that installs it."""
