"""Files in: CSV, JSON Lines and UBL, read lazily into invoices with their places."""

from confirma_async.formats.csv_columns import COLUMNS, Column
from confirma_async.formats.numbering import AssignedNumbers, assign
from confirma_async.formats.reading import identities, read
from confirma_async.formats.records import (
    BadRecord,
    Identity,
    InputError,
    NumberBook,
    Place,
    ReadInvoice,
    ReadOptions,
)

__all__ = [
    "COLUMNS",
    "AssignedNumbers",
    "BadRecord",
    "Column",
    "Identity",
    "InputError",
    "NumberBook",
    "Place",
    "ReadInvoice",
    "ReadOptions",
    "assign",
    "identities",
    "read",
]
