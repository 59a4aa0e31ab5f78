"""Markup that comes often, as regular expressions: a document of it is recognised without being split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from attrs import define

from confirma_async.formats.xml.markup.layouts import MarkupLayout
from confirma_async.formats.xml.markup.pieces import unescaped

_MOST = 8
"""Frames that a document is matched with; as many kinds of rows, and layouts of each kind."""

FilledLayout: TypeAlias = tuple[MarkupLayout, Sequence[str]]
"""A frame or a row of known markup, with its texts."""


@define(eq=False)
class RowKind:
    """The rows of documents that have the same root and the same name for rows.

    Attributes:
        root: The tag of the root, with attributes.
        row: The tag that a row begins with; empty for documents without rows.
        layouts: The layouts of such rows, the one that matched last first.
    """

    root: str
    row: str
    layouts: Sequence[MarkupLayout] = ()

    def put_first(self, layout: MarkupLayout) -> None:
        """Have a layout tried first: the next row mostly has the same one."""
        self.layouts = (layout, *[each for each in self.layouts if each is not layout][: _MOST - 1])

    def match(self, written: str, at: int) -> tuple[MarkupLayout, re.Match[str]] | None:
        """Return the layout that matches the row at an index, and the match; None where none does."""
        for layout in self.layouts:
            found = layout.patterns[0].match(written, at)
            if found is not None:
                if layout is not self.layouts[0]:
                    self.put_first(layout)
                return layout, found
        return None


class UsualMarkup:
    """Matches documents with the markup that comes often.

    Files may be read in many threads, so its sequences are replaced and never changed.
    """

    def __init__(self) -> None:
        self._frames: Sequence[tuple[MarkupLayout, RowKind]] = ()
        self._kinds: Sequence[RowKind] = ()

    def add(self, root: str, row: str, layouts: Sequence[MarkupLayout]) -> None:
        """Count a document of known markup; keep those of its layouts that have come often.

        Args:
            root: The tag of its root, with attributes.
            row: The tag that its rows begin with.
            layouts: The layout of its frame, then those of its rows.
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

    def find(self, written: str) -> tuple[RowKind, Sequence[FilledLayout]] | None:
        """Return the kind of a document's rows, and its frame and rows; None where no pattern matches."""
        for frame, kind in self._frames:
            parts = _parts(written, frame, kind)
            if parts is not None:
                if frame is not self._frames[0][0]:
                    self._put_first(frame, kind)
                if "&" in written:
                    parts = [(layout, unescaped(texts)) for layout, texts in parts]
                return kind, [(layout, [*map(str.strip, texts)]) for layout, texts in parts]
        return None


def _parts(written: str, frame: MarkupLayout, kind: RowKind) -> Sequence[FilledLayout] | None:
    """Return the parts of a document with their texts unchanged; None where the frame does not match."""
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
    # A frame of documents with rows does not match a document without rows.
    return [(frame, before.groups() + behind.groups()), *rows] if behind is not None and rows else None
