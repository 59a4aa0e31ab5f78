"""Files in: CSV, JSON Lines and UBL, read lazily into invoices with their places."""

from confirma_async.formats.clashes import Clashes
from confirma_async.formats.csv_columns import COLUMNS, Column
from confirma_async.formats.files import expand, look_through, read_files
from confirma_async.formats.json_document import JsonDocument, read_document
from confirma_async.formats.numbering import AssignedNumbers, assign
from confirma_async.formats.reading import read, sightings
from confirma_async.formats.records import (
    BadRecord,
    Identity,
    InputError,
    NumberBook,
    Place,
    ReadInvoice,
    ReadOptions,
    Sighting,
)

__all__ = [
    "COLUMNS",
    "AssignedNumbers",
    "BadRecord",
    "Clashes",
    "Column",
    "Identity",
    "InputError",
    "JsonDocument",
    "NumberBook",
    "Place",
    "ReadInvoice",
    "ReadOptions",
    "Sighting",
    "assign",
    "expand",
    "look_through",
    "read",
    "read_document",
    "read_files",
    "sightings",
]
