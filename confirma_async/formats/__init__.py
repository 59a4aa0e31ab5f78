"""Files in: tables, JSON Lines, UBL and Finvoice, read lazily into invoices with their places."""

from confirma_async.formats.attachments import LARGEST_ATTACHMENT, Attached, AttachedFile, AttachedUrl
from confirma_async.formats.duplicates import DuplicateNumbers
from confirma_async.formats.file_format import FileFormat
from confirma_async.formats.files import expand, read_files, scan_files
from confirma_async.formats.json.document import JsonDocument, read_document
from confirma_async.formats.models import (
    BadRecord,
    DocumentRef,
    Identity,
    InputError,
    NumberAssignments,
    Place,
    ReadInvoice,
    ReadOptions,
)
from confirma_async.formats.numbering import AssignedNumbers, assign, namesake, whole
from confirma_async.formats.reader import read, scan
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
    "Column",
    "ColumnMapping",
    "DateForm",
    "DocumentRef",
    "DuplicateNumbers",
    "FileFormat",
    "Identity",
    "InputError",
    "JsonDocument",
    "NumberAssignments",
    "Place",
    "ReadInvoice",
    "ReadOptions",
    "Spooled",
    "assign",
    "expand",
    "namesake",
    "read",
    "read_document",
    "read_files",
    "scan",
    "scan_files",
    "spooled",
    "whole",
]
