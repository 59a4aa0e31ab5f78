"""Markup of documents that were parsed before, with pools of their elements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from attrs import define

from confirma_async.formats.xml.elements import local_name
from confirma_async.formats.xml.markup.layouts import MarkupLayout, is_rows_mark
from confirma_async.formats.xml.markup.pieces import Markup, Part, parts_of, plain
from confirma_async.formats.xml.markup.reusable import LookupCache, ReusableDocument, Segment, made_of
from confirma_async.formats.xml.markup.usual import FilledLayout, UsualMarkup
from confirma_async.formats.xml.parse import Element

_MOST_KEPT = 2 * 1024 * 1024
"""Characters of the documents whose elements are kept. Beyond that, everything is forgotten."""
_MOST_SEEN = 10_000
"""Kinds of markup that were seen once. Elements are kept from the second time on."""

_MISSES_BEFORE_SAMPLING = 16
"""Documents of unknown markup in a row, after which only every sixteenth is compared, until one is known."""

_ROOT = re.compile(r"(?:<[?!][^<>]*>\s*)*<([^<>?!][^<>]*)>")
ROWS = frozenset({"InvoiceLine", "CreditNoteLine", "InvoiceRow"})
"""Names of rows, which stand right below the root."""
_ROW = re.compile(rf"<((?:[\w.-]{{1,40}}:)?(?:{'|'.join(sorted(ROWS))}))>")
"""Finds the first row of a document. Documents whose rows have attributes are parsed each time."""
_NAME = re.compile(r"[\s/]")
_NO_STARTS = frozenset(("/", "?", "!"))
"""The beginnings of tags that begin no element."""
_WHOLE = re.compile(r"[^?!].*|\?.+\?|!--.*--", re.DOTALL)
"""A tag, an instruction or a comment that has no other tags in it."""


@define(slots=False, eq=False)
class Cut:
    """A plain document, to be split into its frame and its rows.

    Attributes:
        written: The document.
        root: The tag of its root, with attributes.
        row: The tag that its rows begin with; empty where it has none.
        known: Its frame and its rows where patterns have recognised them; None otherwise.
    """

    written: str
    root: str
    row: str
    known: Sequence[FilledLayout] | None = None

    @cached_property
    def parts(self) -> Sequence[Part]:
        """Its frame and its rows, each as tags and texts."""
        return parts_of(self.written, self.root, self.row)


class KnownMarkup:
    """Remembers the markup of documents, and pools of elements that later documents use again."""

    def __init__(self) -> None:
        self._layouts: dict[Markup, MarkupLayout] = {}
        self._usual = UsualMarkup()
        self._seen: set[int] = set()
        self._rows: dict[int, str] = {}  # by the hash of the root; another row only cuts a document otherwise
        self._kept = 0
        self._missed = 0

    def cut(self, text: bytes) -> Cut | None:
        """Return a document to be split; None where it must be parsed.

        It must be parsed where it is not plain (see ``pieces.plain``). It is parsed as well where many
        documents in a row were of unknown markup: comparing each of them would only take time.

        Args:
            text: The document, in UTF-8.
        """
        if self._missed > _MISSES_BEFORE_SAMPLING and self._missed % _MISSES_BEFORE_SAMPLING:
            self._missed += 1
            return None
        written = plain(text)
        if written is None:
            return None
        found = self._usual.find(written)
        if found is not None:
            kind, known = found
            return Cut(written, kind.root, kind.row, known)
        start = _ROOT.match(written)
        return None if start is None else Cut(written, start[1], self._row_of(written, start[1]))

    def _row_of(self, written: str, root: str) -> str:
        """Return the tag that the rows of a document begin with; empty where it has none."""
        row = self._rows.get(hash(root))
        if row is None:
            found = _ROW.search(written)
            row = found[1] if found else ""
            if found and len(self._rows) < _MOST_SEEN:
                self._rows[hash(root)] = row
        return row

    def reuse(self, cut: Cut) -> ReusableDocument | None:
        """Return the document, made of pooled elements with its texts; None where a part is unknown."""
        known = cut.known
        if known is None:
            known = self._known(cut.parts)
            if known is not None:
                self._usual.add(cut.root, cut.row, [layout for layout, _ in known])
        reusable = None if known is None else _from_pool(known)
        self._missed = self._missed + 1 if reusable is None else 0
        return None if reusable is None else made_of(reusable)

    def _known(self, parts: Sequence[Part]) -> Sequence[FilledLayout] | None:
        """Return the layouts and texts of the parts of a document; None where one has unknown markup."""
        known: list[FilledLayout] = []
        for part in parts:
            layout = self._layouts.get(part.markup)
            texts = None if layout is None else layout.texts(part.pieces)
            if layout is None or texts is None:
                return None
            known.append((layout, texts))
        return known

    def learn(self, cut: Cut, root: Element) -> ReusableDocument | None:
        """Return a parsed document whose elements later documents may use; None where they may not.

        They may not where its markup is seen for the first time, or where markup and elements do not match.

        Args:
            cut: The document, as it was split.
            root: The root element that the parser made.
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
        # Other elements named like the rows would change the paths of the rows.
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
        """Return the elements as a segment; None where they hold more than the tags and texts of the part.

        Args:
            part: The markup and the texts.
            top: The row, or the root of the frame.
            before: The children of ``top``; of a frame, those before the rows.
            after: Of a frame, the children behind the rows; None for a row.
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
        mark = next((at for at, tag in enumerate(tags) if is_rows_mark(tag)), None)
        if mark is not None and sum(at < mark for at in starts) != count:
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
            pool=layout.free_segments.setdefault(_empty_ones(texts), []),
            top=top,
            before=before,
            after=after or (),
            leaves=[each for _, each in of_text],
            # Deeper elements of a row are looked up too seldom to need a cache.
            caches={
                each: LookupCache() for each in elements if each is top or (after is not None and len(each))
            },
        )

    def _keep(self, part: Part, layout: MarkupLayout) -> None:
        """Keep a layout. Forget all others first once they hold too many characters."""
        size = sum(map(len, part.pieces))
        self._kept += size
        if self._kept > _MOST_KEPT:
            self._layouts, self._usual, self._kept = {}, UsualMarkup(), size
        self._layouts[part.markup] = layout


def _from_pool(known: Sequence[FilledLayout]) -> Sequence[Segment] | None:
    """Take segments from their pools and set the texts of a document; None where a pool is empty."""
    reusable: list[Segment] = []
    try:
        for layout, texts in known:
            segment = layout.free_segments[_empty_ones(texts)].pop()
            reusable.append(segment)
            for leaf, text in zip(segment.leaves, texts, strict=True):
                leaf.text = text
    except LookupError:
        for segment in reusable:
            segment.pool.append(segment)
        return None
    return reusable


def _starts(tags: Sequence[str]) -> Sequence[int] | None:
    """Return the indices of the tags that begin elements; None where one of them is not closed."""
    whole = [tag for tag in tags if not is_rows_mark(tag)]
    if not all(map(_WHOLE.fullmatch, whole)):
        return None
    starts = [at for at, tag in enumerate(tags) if not is_rows_mark(tag) and tag[:1] not in _NO_STARTS]
    ends = sum(tag[:1] == "/" for tag in whole) + sum(tags[at].endswith("/") for at in starts)
    return starts if len(starts) == ends else None


def _empty_ones(texts: Sequence[str]) -> str:
    return "" if all(texts) else "".join(["1" if text else "0" for text in texts])
