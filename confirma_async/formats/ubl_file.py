"""From a file to the root of a UBL document, on guard: nothing outside the file is read, nothing expanded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from confirma_async.errors import Problem
from confirma_async.formats.records import InputError
from confirma_async.formats.ubl_codes import CREDIT_NOTE_ROOT, INVOICE_ROOT

if TYPE_CHECKING:
    from confirma_async.formats.ubl_tree import Element

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of one document, with its attachments."""

_ROOTS = (INVOICE_ROOT, CREDIT_NOTE_ROOT)
_BLOCK = 16 * 1024
_XINCLUDE = "{http://www.w3.org/2001/XInclude}"


class Refused(Exception):  # noqa: N818 (never leaves the UBL reader)
    """A document is not even looked into; says why."""

    def __init__(self, rule: str, message: str) -> None:
        self.problem: Problem = Problem("/", rule, message)
        super().__init__(message)


class _PrologEnds(Exception):  # noqa: N818 (a signal through the parser, caught below)
    """The root element begins."""


class _Prolog:
    """What a parser tells on its way to the root element."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Refused(
            "xml.doctype",
            "declares a DOCTYPE, which UBL never needs and which can hide or multiply contents; remove it",
        )

    def start(self, _tag: str, _attributes: object) -> None:
        raise _PrologEnds

    def close(self) -> None:
        """Nothing is built."""


def parse(path: Path) -> Element:
    """Parses a document.

    Raises:
        Refused: it is too large, has a DOCTYPE, includes other files, or is not well-formed.
        InputError: it is XML, but no UBL Invoice or CreditNote.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise Refused(
            "xml.size", f"is larger than {LARGEST_FILE // 1024**2} MiB; give large attachments by URL"
        )
    data = path.read_bytes()
    try:
        _refuse_doctype(data)
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        line, column = error.position
        if error.code == etree.ErrorTypes.ERR_UNDECLARED_ENTITY:
            raise Refused(
                "xml.syntax",
                f"uses an entity (&name;) that XML does not define at line {line}, column {column}; write "
                "the character itself, or & as &amp;",
            ) from None
        raise Refused(
            "xml.syntax",
            f"is not well-formed XML at line {line}, column {column}: it is cut off, damaged, or in another "
            "encoding than it says; write it again",
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        _Prolog().doctype("", None, None)
    if root.tag not in _ROOTS:
        name = str(root.tag).rpartition("}")[2][:60]
        msg = f"{path}: is XML, but no UBL 2.1 Invoice or CreditNote; its root element is {name}"
        right = next((tag[1:].partition("}")[0] for tag in _ROOTS if tag.endswith(f"}}{name}")), None)
        if right is not None:
            fault = (
                "is in another namespace than UBL's" if "}" in str(root.tag) else "UBL's namespace is missing"
            )
            msg += f', but {fault}; it must say xmlns="{right}", so export the document as UBL 2.1'
        else:
            msg += "; export the document as UBL 2.1, or as CSV"
        raise InputError(msg)
    if next(root.iter(f"{_XINCLUDE}*"), None) is not None:
        raise Refused("xml.xinclude", "includes other files (XInclude), which are not read; put them in")
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,  # a comment inside a value must not cut the value short
        remove_pis=True,
    )


def _refuse_doctype(data: bytes) -> None:
    """Reads up to the root element, and stops at a DOCTYPE before anything in it is declared."""
    target: Any = _Prolog()  # lxml takes a target with fewer methods than its types ask for
    parser = etree.XMLParser(
        target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        for start in range(0, len(data), _BLOCK):
            parser.feed(data[start : start + _BLOCK])
        parser.close()
    except _PrologEnds:
        return
