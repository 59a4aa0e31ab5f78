"""Collects what was found in a document while it is read: problems and remarks, each with its place."""

from __future__ import annotations

import re
from functools import cache

from confirma_async.errors import Problem
from confirma_async.formats.payload import Draft
from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import local_name, paths_below
from confirma_async.formats.xml.framed import FramedDocument
from confirma_async.formats.xml.parse import Element

MOST_PROBLEMS = 1000
"""Problems of one document that are reported, at most. More are mostly one mistake that repeats."""
_PREFIX = re.compile(r"\b\w+:")


class DocumentFindings:
    """The problems and remarks of a document, and the places of its values.

    Lines and paths are computed only once one is needed.

    Args:
        document: The document, with its envelope.
        dialect: How it is written.
        draft: The request, which knows what its values came from.

    Attributes:
        problems: The problems that were found.
        remarks: The decisions, one sentence each.
    """

    def __init__(self, document: FramedDocument, dialect: Dialect, draft: Draft) -> None:
        self.problems: list[Problem] = []
        self.remarks: list[str] = []
        self._document = document
        self._root = document.root
        self._dialect = dialect
        self._draft = draft
        self._line_of: dict[Element, int] | None = None
        self._paths: dict[Element, str] = {}

    def wrong(self, element: Element, rule: str, message: str) -> None:
        """Add a problem of an element; only the first ``MOST_PROBLEMS`` are reported."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self._where(element), rule, message))

    def no_number(self, element: Element) -> None:
        """Add the problem that an element is no number."""
        self.wrong(element, "xml.number", f"is no number as {self._dialect.number_form}; correct it")

    def no_date(self, element: Element) -> None:
        """Add the problem that an element is no date."""
        self.wrong(element, "xml.date", f"is no date as {self._dialect.date_form}; correct it")

    def missing(self, path: str, message: str = "is missing, but every document needs it; add it") -> None:
        """Add the problem that the document lacks a required value."""
        self.problems.append(Problem(_place_in(self._root.tag, path), "xml.required", message))

    def remark(self, element: Element, message: str) -> None:
        """Add a decision about an element."""
        self.remarks.append(f"{self._path_of(element)[1:]} {message}")

    def find(self, path: str, /) -> str | None:
        """Return where the document has the value at a JSON path; of a missing value, where it would be."""
        origin: Element | None = self._draft.origin_of(path)
        return self.name(path) if origin is None else self._where(origin)

    def name(self, path: str, /) -> str | None:
        """Return where documents of this kind have the value of a JSON path; None if in several places."""
        source = self._dialect.sources.get(path)
        return None if source is None else _place_in(self._root.tag, source)

    def _where(self, element: Element) -> str:
        """Return the place of an element: its line in the file, and its path."""
        if self._line_of is None:
            lines = self._document.lines
            self._line_of = {} if lines is None else lines.by_element()
        path = self._path_of(element)
        line = self._line_of.get(element)
        return path if line is None else f"line {line}, {path}"

    def _path_of(self, element: Element) -> str:
        """Return the path of an element, in local names: ``/Invoice/InvoiceLine[2]/ID``."""
        if not self._paths:
            self._paths = paths_below(self._root)
        return self._paths.get(element) or self._document.envelope.paths[element]


@cache  # of the paths of this package, in the few kinds of documents that it reads
def _place_in(root: str, path: str) -> str:
    return f"/{local_name(root)}/{_PREFIX.sub('', path)}"
