"""Splits a file into its documents, and parses each to its root element.

Banks deliver many documents in one file, each with an XML declaration of its own, and with envelopes between
them. The file is cut at these places, and is never in memory as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

from attrs import define, evolve, field, frozen

from confirma_async.errors import Problem
from confirma_async.formats.xml.cuts import CutSearch, count_declarations, hidden_documents
from confirma_async.formats.xml.markup.known import KnownMarkup
from confirma_async.formats.xml.markup.reusable import ReusableDocument
from confirma_async.formats.xml.parse import (
    Element,
    Parsed,
    UnreadableXml,
    as_utf8,
    line_ends,
    lines_of_elements,
    parse_each,
)

LARGEST_DOCUMENT = 64 * 1024 * 1024
"""Bytes that a document may have, with its attachments."""

_BLOCK = 1024 * 1024

_KEPT = 8
"""Bytes that are kept after a search, since they may be the first ones of a declaration."""

_KNOWN = KnownMarkup()
"""The known markup, shared by all files of this process: many files hold one document each."""

_SPACE = b"\xef\xbb\xbf \t\r\n"
_LEADING = re.compile(b"[" + _SPACE + b"]*")


@frozen
class Lines:
    """The lines on which the elements of a document begin, computed when a message needs one.

    Attributes:
        root: The root element of the document.
        load: Returns the text that holds the document, in UTF-8.
        start: The index at which the document begins.
        line: The line of its file on which the document begins.
    """

    root: Element
    load: Callable[[], bytes]
    start: int
    line: int

    def by_element(self) -> dict[Element, int]:
        """Return the line of each element; nothing if the file cannot be read again."""
        try:
            lines = lines_of_elements(self.load(), self.start)
        except (OSError, UnreadableXml):
            return {}
        return {each: self.line + line for each, line in zip(self.root.iter(), lines, strict=False)}


@frozen
class Document:
    """A document of a file.

    Attributes:
        line: The line on which it begins; None if it is alone in its file.
        root: Its root element, or why it is not read.
        lines: The lines of its elements; None if they are not lines of a file.
        remarks: Decisions about its encoding.
        reusable: The document with elements that are used again; None if its elements are its own.
    """

    line: int | None
    root: Element | Problem
    lines: Lines | None = field(default=None, eq=False)
    remarks: tuple[str, ...] = ()
    reusable: ReusableDocument | None = field(default=None, eq=False, repr=False)


@frozen
class _DocumentPart:
    """The part of a file between two cuts.

    Attributes:
        line: The line on which it begins.
        offset: The index of its first byte in the file.
        data: Its bytes; None if there are too many.
        hidden: The documents that seem to begin in bytes that were not kept.
    """

    line: int
    offset: int
    data: bytes | None
    hidden: _Hidden | None = None


@define
class _Hidden:
    """Documents that seem to begin within one that is too long.

    Attributes:
        count: The number of these documents.
        line: The line of the first; None if there is none.
    """

    count: int = 0
    line: int | None = None

    def add(self, data: bytearray, begin: int, end: int, line: int) -> None:
        """Count those that begin between two indices; ``line`` is the line on which the bytes begin."""
        count, first = count_declarations(data, begin, end)
        self.count += count
        if self.line is None and first is not None:
            self.line = line + line_ends(data, 0, first)


def documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a file."""
    found = _documents(path)
    head = [*islice(found, 2)]
    if len(head) == 1:
        head = [evolve(head[0], line=None)]
    yield from chain(head, found)


def _documents(path: Path) -> Iterator[Document]:
    for part in _parts(path):
        try:
            if part.data is None or len(part.data) > LARGEST_DOCUMENT:
                raise _too_large(part.hidden)
            text, remark = as_utf8(part.data)
        except UnreadableXml as error:
            yield Document(part.line, error.problem)
            if part.data is not None:
                yield from _hidden(part.data, 0, part.line)
            continue
        load = partial(_load, path, part.offset, len(part.data))
        remarks = () if remark is None else (remark,)
        cut = _KNOWN.cut(text)
        reusable = None if cut is None else _KNOWN.reuse(cut)
        if reusable is not None:
            yield _document(Parsed(reusable.root, 0, part.line, len(text)), load, remarks, reusable)
            continue
        for parsed in parse_each(text, part.line):
            if (
                cut is not None
                and isinstance(parsed.root, Element)
                and parsed.end - parsed.start == len(text)
            ):
                reusable = _KNOWN.learn(cut, parsed.root)
            yield _document(parsed, load, remarks, reusable)
            if isinstance(parsed.root, UnreadableXml) and parsed.end == len(text):
                yield from _hidden(text, parsed.start, parsed.line)


def _hidden(data: bytes, start: int, line: int) -> Iterator[Document]:
    """Return the documents that seem to begin within a refused one. None of them is read.

    Args:
        data: The refused document, and the bytes before it.
        start: The index at which it begins.
        line: The line on which it begins.
    """
    own = line
    for found in hidden_documents(data, _leading_space(data, start) + 1):
        line += line_ends(data, start, found)
        start = found
        message = (
            f"seems to begin a document, which is not read: the one that begins on line {own} does not end "
            "before it; mend that one first"
        )
        yield Document(line, Problem("/", "xml.syntax", message))


def _too_large(hidden: _Hidden | None) -> UnreadableXml:
    """Return the problem of a document beyond the limit."""
    message = f"is larger than {LARGEST_DOCUMENT // 1024**2} MiB; give large attachments by URL"
    if hidden is not None and hidden.count:
        message += (
            f". Documents seem to begin in it and are not read: {hidden.count}, the first on line "
            f"{hidden.line}; look whether a comment or another part of it does not end"
        )
    return UnreadableXml("xml.size", message)


def _document(
    parsed: Parsed, load: Callable[[], bytes], remarks: tuple[str, ...], reusable: ReusableDocument | None
) -> Document:
    if isinstance(parsed.root, UnreadableXml):
        return Document(parsed.line, parsed.root.problem)
    lines = Lines(parsed.root, load, parsed.start, parsed.line)
    return Document(parsed.line, parsed.root, lines, remarks, reusable)


def _load(path: Path, offset: int, length: int) -> bytes:
    """Read a part of a file again."""
    with path.open("rb") as file:
        file.seek(offset)
        return as_utf8(file.read(length))[0]


def _parts(path: Path) -> Iterator[_DocumentPart]:
    """Cut a file where documents begin; hold one of them at a time."""
    buffer = bytearray()
    line, offset, cuts = 1, 0, CutSearch()
    began: int | None = None  # the line of a document that is too long, and so not kept
    hidden = _Hidden()
    with path.open("rb") as file:
        is_last = False
        while not is_last:
            block = file.read(_BLOCK)
            is_last = not block
            buffer += block
            while (end := _end_of_part(buffer, cuts, began, is_last=is_last)) is not None:
                if began is not None:
                    hidden.add(buffer, 0, end, line)
                part = bytes(buffer[:end])
                del buffer[:end]
                blank = _leading_space(part)
                if began is not None:
                    yield _DocumentPart(began, offset, None, hidden)
                elif blank < end:
                    yield _DocumentPart(line + line_ends(part, 0, blank), offset + blank, part.strip(_SPACE))
                line += line_ends(part, 0, end)
                offset += end
                cuts, began, hidden = CutSearch(), None, _Hidden()
            if len(buffer) > LARGEST_DOCUMENT:
                dropped = max(0, cuts.searched - _KEPT)
                hidden.add(buffer, _leading_space(buffer) + 1 if began is None else 0, dropped, line)
                began = began or line
                line += line_ends(buffer, 0, dropped)
                offset += dropped
                cuts.searched -= dropped
                del buffer[:dropped]


def _end_of_part(buffer: bytearray, cuts: CutSearch, began: int | None, *, is_last: bool) -> int | None:
    """Return the index behind the first part in the buffer; None if more must be read to know it."""
    end = cuts.find(buffer, _leading_space(buffer) + 1 if began is None else 0, is_last=is_last)
    if end is not None:
        return end
    return len(buffer) if is_last and buffer else None


def _leading_space(data: bytes | bytearray, start: int = 0) -> int:
    """Return the index behind the spaces that begin at an index."""
    found = _LEADING.match(data, start)
    return found.end() if found else start
