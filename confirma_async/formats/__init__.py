"""Files in: tables, JSON Lines, UBL and Finvoice, read lazily into invoices with their places."""

from confirma_async.formats.attachments import LARGEST_ATTACHMENT, Attached, AttachedFile, AttachedUrl
from confirma_async.formats.duplicates import Clashes
from confirma_async.formats.file_format import FileFormat
from confirma_async.formats.files import expand, look_through, read_files
from confirma_async.formats.json.document import JsonDocument, read_document
from confirma_async.formats.models import (
    BadRecord,
    Identity,
    InputError,
    NumberBook,
    Place,
    ReadInvoice,
    ReadOptions,
    Sighting,
)
from confirma_async.formats.numbering import AssignedNumbers, assign, namesake, whole
from confirma_async.formats.reader import read, sightings
from confirma_async.formats.spooled import Spooled, spooled
from confirma_async.formats.tables.cells import DateForm
from confirma_async.formats.tables.columns import COLUMNS, Column
from confirma_async.formats.tables.mapping import ColumnMapping

__all__ = [
    "COLUMNS",
    "LARGEST_ATTACHMENT",
    "AssignedNumbers",
    "Attached",
    "AttachedFile",
    "AttachedUrl",
    "BadRecord",
    "Clashes",
    "Column",
    "ColumnMapping",
    "DateForm",
    "FileFormat",
    "Identity",
    "InputError",
    "JsonDocument",
    "NumberBook",
    "Place",
    "ReadInvoice",
    "ReadOptions",
    "Sighting",
    "Spooled",
    "assign",
    "expand",
    "look_through",
    "namesake",
    "read",
    "read_document",
    "read_files",
    "sightings",
    "spooled",
    "whole",
]
