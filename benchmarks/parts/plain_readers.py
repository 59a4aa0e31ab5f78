"""The least that a program can do to read a file of each format, with the library that the SDK reads it by.

Each takes every value of the file into Python, and makes nothing of it. Those of other libraries are there to
compare with; they are left out where they are not installed.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

_DOCUMENT = re.compile(rb"(?=<\?xml )")


def read_csv(path: Path) -> None:
    """Take every field by the csv module."""
    with path.open(newline="") as file:
        for _ in csv.reader(file):
            pass


def read_json_lines(path: Path) -> None:
    """Take every value by msgspec."""
    decode = msgspec.json.Decoder(float_hook=str).decode
    with path.open("rb") as file:
        for line in file:
            decode(line)


def read_parquet(path: Path) -> None:
    """Take every value by pyarrow, batch by batch."""
    parquet: Any = importlib.import_module("pyarrow.parquet")
    for batch in parquet.ParquetFile(path).iter_batches(batch_size=1024):
        for column in batch.columns:
            column.to_pylist()


def read_excel(path: Path) -> None:
    """Take every value by openpyxl, row by row."""
    openpyxl: Any = importlib.import_module("openpyxl")
    for _ in openpyxl.load_workbook(path, read_only=True).active.iter_rows(values_only=True):
        pass


def read_excel_by_calamine(path: Path) -> None:
    """Take every value by python-calamine, which holds the whole sheet in memory."""
    calamine: Any = importlib.import_module("python_calamine")
    for _ in calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python():
        pass


def read_xml(path: Path) -> None:
    """Parse every document by the standard library; nothing is taken of it."""
    for document in _documents(path):
        ET.fromstring(document)


def read_xml_into_dicts(path: Path) -> None:
    """Parse every document, and make dicts of it by the names of its elements."""
    for document in _documents(path):
        _dict_of(ET.fromstring(document))


def _dict_of(element: ET.Element) -> dict[str, Any]:
    return {child.tag: _dict_of(child) if len(child) else child.text for child in element}


def read_xml_by_lxml(path: Path) -> None:
    """Parse every document by lxml; nothing is taken of it."""
    etree: Any = importlib.import_module("lxml.etree")
    for document in _documents(path):
        etree.fromstring(document)


def _documents(path: Path) -> list[bytes]:
    return [document for document in _DOCUMENT.split(path.read_bytes()) if document]


_OF_XML = {"xml": read_xml, "xml into dicts": read_xml_into_dicts, "lxml": read_xml_by_lxml}

PLAIN: Mapping[str, Mapping[str, Callable[[Path], None]]] = {
    "csv": {"csv": read_csv},
    "jsonl": {"msgspec": read_json_lines},
    "parquet": {"pyarrow": read_parquet},
    "xlsx": {"openpyxl": read_excel, "python_calamine": read_excel_by_calamine},
    "ubl": _OF_XML,
    "finvoice": _OF_XML,
}
"""By format and library, what reads a file; the first library is the one that the SDK uses."""


def installed(name: str) -> Mapping[str, Callable[[Path], None]]:
    """Return the readers of a format whose library is installed."""
    return {
        library: read
        for library, read in PLAIN[name].items()
        if importlib.util.find_spec(library.partition(" ")[0]) is not None
    }
