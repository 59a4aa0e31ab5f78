"""Files in: tables, JSON Lines, UBL and Finvoice, read lazily into invoices with their places."""

from confirma_async.formats.attachments import LARGEST_ATTACHMENT, Attached, AttachedFile, AttachedUrl
from confirma_async.formats.cells import DateForm
from confirma_async.formats.clashes import Clashes
from confirma_async.formats.columns import COLUMNS, Column
from confirma_async.formats.files import expand, look_through, read_files
from confirma_async.formats.forms import Form
from confirma_async.formats.json_document import JsonDocument, read_document
from confirma_async.formats.mapping import ColumnMapping
from confirma_async.formats.numbering import AssignedNumbers, assign, namesake, whole
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
from confirma_async.formats.spooled import Spooled, spooled

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
    "Form",
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
