"""The markup that comes often, as patterns: a document of it is known without being cut into pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from attrs import define, frozen

from confirma_async.formats.xml.markup.layouts import MarkupLayout
from confirma_async.formats.xml.markup.pieces import unescaped

_MOST = 8
"""Frames, kinds of rows, and rows of one kind that a document is held against."""

FilledLayout: TypeAlias = tuple[MarkupLayout, Sequence[str]]
"""A frame or a row of known markup, with its texts."""


@define(eq=False)
class RowKind:
    """Rows that are named alike, below one root.

    Attributes:
        root: The markup of the root.
        row: The markup that they begin with; empty for documents without rows.
        layouts: Their own, the latest first.
    """

    root: str
    row: str
    layouts: Sequence[MarkupLayout] = ()

    def put_first(self, layout: MarkupLayout) -> None:
        """Have a layout tried first, as that of the next row is mostly that of this one."""
        self.layouts = (layout, *[each for each in self.layouts if each is not layout][: _MOST - 1])

    def match(self, written: str, at: int) -> tuple[MarkupLayout, re.Match[str]] | None:
        """Return the layout of the row that begins at a place of a document, and how it matches."""
        for layout in self.layouts:
            found = layout.patterns[0].match(written, at)
            if found is not None:
                if layout is not self.layouts[0]:
                    self.put_first(layout)
                return layout, found
        return None


@frozen(eq=False)
class Recognised:
    """A document of usual markup.

    Attributes:
        rows: What its rows are.
        parts: Its frame, and then its rows.
    """

    rows: RowKind
    parts: Sequence[FilledLayout]


class UsualMarkup:
    """The markup that comes often.

    Sequences are replaced and never changed, since files may be read in many threads.
    """

    def __init__(self) -> None:
        self._frames: Sequence[tuple[MarkupLayout, RowKind]] = ()
        self._kinds: Sequence[RowKind] = ()

    def add(self, root: str, row: str, layouts: Sequence[MarkupLayout]) -> None:
        """Count a document of known markup, and remember the layouts that have come often.

        Args:
            root: The markup of its root.
            row: The markup that its rows begin with.
            layouts: Those of its frame, and of its rows.
        """
        frame, *rows = layouts
        often = [each for each in dict.fromkeys(rows) if each.is_usual()]
        if not frame.is_usual():
            return
        kind = next((each for each in self._kinds if each.row == row and each.root == root), None)
        if kind is None:
            kind = RowKind(root, row)
            self._kinds = (kind, *self._kinds[: _MOST - 1])
        for each in often:
            kind.put_first(each)
        self._put_first(frame, kind)

    def _put_first(self, frame: MarkupLayout, kind: RowKind) -> None:
        self._frames = ((frame, kind), *[each for each in self._frames if each[0] is not frame][: _MOST - 1])

    def find(self, written: str) -> Recognised | None:
        """Return a document of usual markup; None for any other, which may be known all the same."""
        for frame, kind in self._frames:
            parts = _parts(written, frame, kind)
            if parts is not None:
                if frame is not self._frames[0][0]:
                    self._put_first(frame, kind)
                if "&" in written:
                    parts = [(layout, unescaped(texts)) for layout, texts in parts]
                return Recognised(kind, [(layout, [*map(str.strip, texts)]) for layout, texts in parts])
        return None


def _parts(written: str, frame: MarkupLayout, kind: RowKind) -> Sequence[FilledLayout] | None:
    """Return the parts of a document with their texts as they are; None where it is of another frame."""
    head, *tail = frame.patterns
    before = head.match(written)
    if before is None:
        return None
    end = before.end()
    if not tail:
        return [(frame, before.groups())] if end == len(written) else None
    rows: list[FilledLayout] = []
    while (row := kind.match(written, end)) is not None:
        layout, found = row
        rows.append((layout, found.groups()))
        end = found.end()
    behind = tail[0].fullmatch(written, end)
    # A frame that had rows is not that of a document without.
    return [(frame, before.groups() + behind.groups()), *rows] if behind is not None and rows else None
