"""From a file to the roots of its documents, on guard: nothing outside the file is read, nothing expanded.

Banks deliver many documents in one file, each with an XML declaration of its own, and envelopes between
them. The file is cut at these places and never held as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen
from lxml import etree

from confirma_async.errors import Problem

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

LARGEST_DOCUMENT = 64 * 1024 * 1024
"""Bytes of one document, with its attachments."""

MOST_ATTRIBUTES = 1000
"""Attributes of one element; more take the longer the more there are, to read as well as to find."""
MOST_NAMESPACES = 200
"""Namespaces that are declared on one element, or hold there."""

_FEWEST_BYTES = 2000
_BLOCK = 1024 * 1024
_PROLOG = 16 * 1024
_XINCLUDE = "{http://www.w3.org/2001/XInclude}"

_BOUNDARY = re.compile(
    rb"(?<!\[CDATA\[)(?=<\?xml\s)|(?<=Envelope>)\s*(?=<Finvoice[\s>])|(?<=</Finvoice>)\s*(?=<(?:[\w.-]{1,40}:)?Envelope[\s>])"
)
"""Where another document begins: at a declaration, or between an envelope and a Finvoice."""
_LONGEST_BOUNDARY = 1024
_SPACE = b"\xef\xbb\xbf \t\r\n"
_LEADING = re.compile(b"[" + _SPACE + b"]*")

_ENCODING = re.compile(rb"""<\?xml[^>]*?\bencoding\s*=\s*["']([^"']*)["']""")
_LIKE_ASCII = re.compile(rb"utf-8|us-ascii|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)
_DOCTYPE = "declares a DOCTYPE, which no invoice needs and which can hide or multiply contents; remove it"
_PLAIN_DOCTYPE = re.compile(rb"""<!DOCTYPE\s+Finvoice\s+SYSTEM\s+("[^"\[\]<>]*"|'[^'\[\]<>]*')\s*>""")
"""What Finvoice 1.2 writes: the name of a DTD, which is never fetched, and no declarations."""


class UnreadableXml(Exception):  # noqa: N818 (never leaves the readers of XML)
    """A document is not even looked into; says why."""

    def __init__(self, rule: str, message: str) -> None:
        self.problem: Problem = Problem("/", rule, message)
        super().__init__(message)


@frozen
class Document:
    """A document of a file.

    Attributes:
        line: The line that it begins on; None where it is alone in its file.
        root: Its root element, or why it is not looked into.
    """

    line: int | None
    root: Element | Problem


@frozen
class _Part:
    line: int
    data: bytes | None
    """None where there is too much of it."""


class _PrologEnds(Exception):  # noqa: N818 (a signal through the parser, caught below)
    """The root element begins."""


class _Prolog:
    """What a parser tells on its way to the root element."""

    def __init__(self, *, may_have_doctype: bool) -> None:
        self._may_have_doctype = may_have_doctype

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        if not self._may_have_doctype or name != "Finvoice":
            raise UnreadableXml("xml.doctype", _DOCTYPE)

    def start(self, _tag: str, _attributes: object) -> None:
        raise _PrologEnds

    def close(self) -> None:
        """Nothing is built."""


def documents(path: Path) -> Iterator[Document]:
    """The documents of a file, one at a time."""
    parts = _parts(path)
    first = next(parts, None)
    if first is None:
        return
    second = next(parts, None)
    yield _document(first, is_alone=second is None)
    if second is not None:
        yield _document(second, is_alone=False)
        for part in parts:
            yield _document(part, is_alone=False)


def _document(part: _Part, *, is_alone: bool) -> Document:
    try:
        return Document(None if is_alone else part.line, parse(part.data))
    except UnreadableXml as error:
        return Document(None if is_alone else part.line, error.problem)


def _parts(path: Path) -> Iterator[_Part]:
    """Cuts a file where documents begin; holds one of them at a time."""
    buffer = bytearray()
    line, searched = 1, 0
    began: int | None = None  # the line of a document that is too long, and so not kept
    with path.open("rb") as file:
        is_last = False
        while not is_last:
            block = file.read(_BLOCK)
            is_last = not block
            buffer += block
            while (end := _end_of_part(buffer, searched, is_last=is_last)) is not None:
                part = bytes(buffer[:end])
                del buffer[:end]
                blank = _leading_space(part)
                if began is not None:
                    yield _Part(began, None)
                elif blank < end:
                    yield _Part(line + part.count(b"\n", 0, blank), part.strip(_SPACE))
                line += part.count(b"\n")
                searched, began = 0, None
            searched = max(0, len(buffer) - _LONGEST_BOUNDARY)
            if len(buffer) > LARGEST_DOCUMENT:
                began = began or line
                line += buffer.count(b"\n", 0, searched)
                del buffer[:searched]
                searched = 0


def _end_of_part(buffer: bytearray, searched: int, *, is_last: bool) -> int | None:
    """Where the first part in the buffer ends; None where more must be read to know."""
    found = _BOUNDARY.search(buffer, max(searched, _leading_space(buffer) + 1))
    if found is not None:
        return found.end()
    return len(buffer) if is_last and buffer else None


def _leading_space(data: bytes | bytearray) -> int:
    found = _LEADING.match(data)
    return found.end() if found else 0


def parse(data: bytes | None) -> Element:
    """Parses a document.

    Raises:
        UnreadableXml: it is too large, declares anything in a DOCTYPE, includes other files, or is not
            well-formed.
    """
    if data is None or len(data) > LARGEST_DOCUMENT:
        raise UnreadableXml(
            "xml.size", f"is larger than {LARGEST_DOCUMENT // 1024**2} MiB; give large attachments by URL"
        )
    try:
        may_have_doctype = _look_at_prolog(data)
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(error) from None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and not (may_have_doctype and _declares_nothing(declared)):
        raise UnreadableXml("xml.doctype", _DOCTYPE)
    if next(root.iter(f"{_XINCLUDE}*"), None) is not None:
        raise UnreadableXml(
            "xml.xinclude", "includes other files (XInclude), which are not read; put them in"
        )
    _look_for_crowds(data, root)
    return root


def _look_for_crowds(data: bytes, root: Element) -> None:
    """Refuses elements with more attributes or namespaces than any document has use for.

    Raises:
        UnreadableXml: there is one; says where.
    """
    if max(map(len, data.split(b"<"))) < _FEWEST_BYTES:  # no start tag is long enough
        return
    for element in root.iter(etree.Element):
        if len(element.attrib) > MOST_ATTRIBUTES:
            message = f"has more than {MOST_ATTRIBUTES} attributes on one element"
        elif len(element.nsmap) > MOST_NAMESPACES:
            message = f"declares more than {MOST_NAMESPACES} namespaces for one element"
        else:
            continue
        message += f" (line {element.sourceline}), which no invoice needs; export it again"
        raise UnreadableXml("xml.size", message)


def _declares_nothing(declared: etree.DTD) -> bool:
    return not declared.entities() and not declared.elements()


def _not_well_formed(error: etree.XMLSyntaxError) -> UnreadableXml:
    line, column = error.position
    if error.code == etree.ErrorTypes.ERR_UNDECLARED_ENTITY:
        return UnreadableXml(
            "xml.syntax",
            f"uses an entity (&name;) that XML does not define at line {line}, column {column}; write "
            "the character itself, or & as &amp;",
        )
    return UnreadableXml(
        "xml.syntax",
        f"is not well-formed XML at line {line}, column {column}: it is cut off, damaged, or in another "
        "encoding than it says; write it again",
    )


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,  # a comment inside a value must not cut the value short
        remove_pis=True,
    )


def _reads_as_ascii(data: bytes) -> bool:
    """Whether what is ASCII in the bytes is the same in the text: not so in UTF-16, UTF-7 or EBCDIC."""
    if data[:1] != b"<" or b"\0" in data[:4]:
        return False
    declared = _ENCODING.match(data)
    return declared is None or _LIKE_ASCII.fullmatch(declared[1]) is not None


def _look_at_prolog(data: bytes) -> bool:
    """Reads up to the root element, and stops at a DOCTYPE before anything in it is declared.

    Returns:
        Whether a DOCTYPE that declares nothing is all that there may be.
    """
    if _reads_as_ascii(data) and b"<!DOCTYPE" not in data:
        return False
    is_plain = _PLAIN_DOCTYPE.search(data, 0, _PROLOG) is not None and data.count(b"<!DOCTYPE") == 1
    target: Any = _Prolog(may_have_doctype=is_plain)
    parser = etree.XMLParser(  # lxml takes a target with fewer methods than its types ask for
        target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        for start in range(0, len(data), _PROLOG):
            parser.feed(data[start : start + _PROLOG])
        parser.close()
    except _PrologEnds:
        pass
    return is_plain
