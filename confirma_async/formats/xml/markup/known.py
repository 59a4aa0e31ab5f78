"""The markup that is known, with its elements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from attrs import define

from confirma_async.formats.xml.elements import local_name
from confirma_async.formats.xml.markup.layouts import MarkupLayout, is_hole
from confirma_async.formats.xml.markup.lent import Asked, Lent, Segment, made_of
from confirma_async.formats.xml.markup.pieces import Markup, Part, parts_of, plain
from confirma_async.formats.xml.markup.usual import FilledLayout, UsualMarkup
from confirma_async.formats.xml.parse import Element

_MOST_KEPT = 2 * 1024 * 1024
"""Characters of the documents whose elements are kept; beyond that, all begins anew."""
_MOST_SEEN = 10_000
"""Kinds of markup that were seen once, and are known if they come again."""

_PATIENCE = 16
"""Documents of new markup in a row, after which one of so many is looked at until one is known again."""

_ROOT = re.compile(r"(?:<[?!][^<>]*>\s*)*<([^<>?!][^<>]*)>")
ROWS = frozenset({"InvoiceLine", "CreditNoteLine", "InvoiceRow"})
"""Names of rows, which stand right below the root."""
_ROW = re.compile(rf"<((?:[\w.-]{{1,40}}:)?(?:{'|'.join(sorted(ROWS))}))>")
"""The first row of a document. Rows with attributes of their own are parsed each time."""
_NAME = re.compile(r"[\s/]")
_NO_STARTS = frozenset(("/", "?", "!"))
"""How tags begin that begin no element."""
_WHOLE = re.compile(r"[^?!].*|\?.+\?|!--.*--", re.DOTALL)
"""A tag, an instruction or a comment that has no other tags in it."""


@define(slots=False, eq=False)
class Cut:
    """A plain document that can be taken apart.

    Attributes:
        written: The document.
        root: The markup of its root.
        row: The markup that its rows begin with; empty where it has none.
        known: Its frame and its rows where their markup is usual; None where it was not found to be.
    """

    written: str
    root: str
    row: str
    known: Sequence[FilledLayout] | None = None

    @cached_property
    def parts(self) -> Sequence[Part]:
        """Its frame and its rows, in pieces."""
        return parts_of(self.written, self.root, self.row)


class KnownMarkup:
    """The markup that is known, with its elements."""

    def __init__(self) -> None:
        self._layouts: dict[Markup, MarkupLayout] = {}
        self._usual = UsualMarkup()
        self._seen: set[int] = set()
        self._rows: dict[int, str] = {}  # by the hash of the root; another row only cuts a document otherwise
        self._kept = 0
        self._missed = 0

    def cut(self, text: bytes) -> Cut | None:
        """Return a document that can be taken apart; None where a parser may make more of its texts.

        None as well for most documents where many in a row were of new markup, for to look takes its time.

        Args:
            text: The document, in UTF-8.
        """
        if self._missed > _PATIENCE and self._missed % _PATIENCE:
            self._missed += 1
            return None
        written = plain(text)
        if written is None:
            return None
        found = self._usual.find(written)
        if found is not None:
            return Cut(written, found.rows.root, found.rows.row, found.parts)
        start = _ROOT.match(written)
        return None if start is None else Cut(written, start[1], self._row_of(written, start[1]))

    def _row_of(self, written: str, root: str) -> str:
        """Return the markup that the rows of a document begin with; empty where it has none."""
        row = self._rows.get(hash(root))
        if row is None:
            found = _ROW.search(written)
            row = found[1] if found else ""
            if found and len(self._rows) < _MOST_SEEN:
                self._rows[hash(root)] = row
        return row

    def lend(self, cut: Cut) -> Lent | None:
        """Return a document made of known markup and its texts; None where not all of it is known."""
        known = cut.known
        if known is None:
            known = self._known(cut.parts)
            if known is not None:
                self._usual.add(cut.root, cut.row, [layout for layout, _ in known])
        lent = None if known is None else _borrowed(known)
        self._missed = self._missed + 1 if lent is None else 0
        return None if lent is None else made_of(lent)

    def _known(self, parts: Sequence[Part]) -> Sequence[FilledLayout] | None:
        """Return the layouts and texts of the parts of a document; None where one of them is new."""
        known: list[FilledLayout] = []
        for part in parts:
            layout = self._layouts.get(part.markup)
            texts = None if layout is None else layout.texts(part.pieces)
            if layout is None or texts is None:
                return None
            known.append((layout, texts))
        return known

    def learn(self, cut: Cut, root: Element) -> Lent | None:
        """Return the document as one whose elements others may have; None where its markup is new.

        Args:
            cut: The document.
            root: What the parser made of it.
        """
        parts = cut.parts
        unseen = {hash(part.markup) for part in parts} - self._seen
        if unseen:  # most markup that does not come twice does not come again
            if len(self._seen) > _MOST_SEEN:
                self._seen.clear()
            self._seen |= unseen
            return None
        count = len(parts) - 1
        first = next((at for at, each in enumerate(root) if local_name(each.tag) in ROWS), len(root))
        after = root[first + count :]
        rows = root[first : first + count]
        # Others below the root that are named as its rows are told by their place among them.
        if (rows and any(each.tag == rows[0].tag for each in after)) or not all(map(len, rows)):
            return None
        segments = [self._segment(parts[0], root, root[:first], after)]
        for part, row in zip(parts[1:], rows, strict=False):
            segments.append(self._segment(part, row, row[:]))
        found = [each for each in segments if each is not None]
        return made_of(found, root) if len(found) == len(parts) else None

    def _segment(
        self, part: Part, top: Element, before: Sequence[Element], after: Sequence[Element] | None = None
    ) -> Segment | None:
        """Return elements that can be kept; None where the pieces do not tell all that is in them.

        Args:
            part: Their markup and texts.
            top: The row, or the root.
            before: The elements right below it; below a root, those before the rows.
            after: Of a frame, those behind the rows.
        """
        elements = [top, *(each for child in before for each in child.iter())]
        count = len(elements)
        elements += [each for child in after or () for each in child.iter()]
        tags = part.pieces[::2]
        starts = _starts(tags)
        if starts is None:
            return None
        if [_NAME.split(tags[at], 1)[0].rpartition(":")[2] for at in starts] != [
            local_name(each.tag) for each in elements
        ]:
            return None
        hole = next((at for at, tag in enumerate(tags) if is_hole(tag)), None)
        if hole is not None and sum(at < hole for at in starts) != count:
            return None
        of_text = [
            (at, element)
            for at, element in zip(starts, elements, strict=True)
            if not tags[at].endswith("/") and tags[at + 1][:1] == "/"
        ]
        layout = self._layouts.get(part.markup) or MarkupLayout(tags, [2 * at + 1 for at, _ in of_text])
        texts = layout.texts(part.pieces)
        if texts is None or [*texts] != [(each.text or "").strip() for _, each in of_text]:
            return None
        self._keep(part, layout)
        return Segment(
            home=layout.kept.setdefault(_empty_ones(texts), []),
            top=top,
            before=before,
            after=after or (),
            leaves=[each for _, each in of_text],
            # What is further below a row is asked for too seldom.
            asked={each: Asked() for each in elements if each is top or (after is not None and len(each))},
        )

    def _keep(self, part: Part, layout: MarkupLayout) -> None:
        """Keep a layout; what is kept begins anew once it is too much."""
        size = sum(map(len, part.pieces))
        self._kept += size
        if self._kept > _MOST_KEPT:
            self._layouts, self._usual, self._kept = {}, UsualMarkup(), size
        self._layouts[part.markup] = layout


def _borrowed(known: Sequence[FilledLayout]) -> Sequence[Segment] | None:
    """Return segments with the texts of a document; None where not all of them are there to be had."""
    lent: list[Segment] = []
    try:
        for layout, texts in known:
            segment = layout.kept[_empty_ones(texts)].pop()
            lent.append(segment)
            for leaf, text in zip(segment.leaves, texts, strict=True):
                leaf.text = text
    except LookupError:
        for segment in lent:
            segment.home.append(segment)
        return None
    return lent


def _starts(tags: Sequence[str]) -> Sequence[int] | None:
    """Return where the tags stand that begin elements; None where not each of them ends."""
    whole = [tag for tag in tags if not is_hole(tag)]
    if not all(map(_WHOLE.fullmatch, whole)):
        return None
    starts = [at for at, tag in enumerate(tags) if not is_hole(tag) and tag[:1] not in _NO_STARTS]
    ends = sum(tag[:1] == "/" for tag in whole) + sum(tags[at].endswith("/") for at in starts)
    return starts if len(starts) == ends else None


def _empty_ones(texts: Sequence[str]) -> str:
    return "" if all(texts) else "".join(["1" if text else "0" for text in texts])
