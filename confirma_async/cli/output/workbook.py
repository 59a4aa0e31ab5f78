"""Tables as an Excel file, in which no text is a formula."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from confirma_async.cli.output.tables import harmless
from confirma_async.errors import ConfigurationError

Sheets = Mapping[str, tuple[Sequence[str], Sequence[Sequence[object]]]]
"""The columns and the rows of each sheet, by its name."""


def write_workbook(target: Path, sheets: Sheets) -> None:
    """Write an Excel file.

    Args:
        target: The file.
        sheets: What stands in it.

    Raises:
        ConfigurationError: openpyxl is not installed.
    """
    try:
        openpyxl: Any = importlib.import_module("openpyxl")
    except ImportError as error:
        raise ConfigurationError("an Excel file needs openpyxl: pip install 'confirma-sdk[excel]'") from error
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, (columns, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(list(columns))
        for row in rows:
            sheet.append([harmless(value) if isinstance(value, str) else value for value in row])
            for cell, value in zip(sheet[sheet.max_row], row, strict=True):
                if isinstance(value, Decimal):
                    cell.number_format = "0.00"
        sheet.freeze_panes = "A2"
        for place, column in enumerate(columns, 1):
            widest = max((len(str(row[place - 1])) for row in rows if row[place - 1] is not None), default=0)
            sheet.column_dimensions[sheet.cell(1, place).column_letter].width = min(
                60, max(widest, len(column)) + 2
            )
    book.save(target)
