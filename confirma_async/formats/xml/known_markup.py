"""Documents whose markup is that of others before, so that only their texts are new.

A billing program writes the same elements again and again, with other texts between them. Where all markup of
a document, character by character, is that of documents that were parsed, and nothing in its texts could mean
anything but itself, the parser would make the same elements of it. So elements of earlier documents get the
new texts instead.

What repeats is the frame of a document, which is all of it but its rows, and each row by itself. Elements are
lent to one document at a time, and given back once it is read.
"""

from __future__ import annotations

import contextlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import TypeAlias
from xml.sax.saxutils import unescape

from attrs import define, field, frozen

from confirma_async.formats.xml.elements import local_name
from confirma_async.formats.xml.parse import MOST_NAMESPACES, Element
from confirma_async.formats.xml.plan import LaidOut, Plan

_LARGEST = 128 * 1024
"""Bytes of a document whose elements are kept: nearly all without attachments."""
_MOST_KEPT = 2 * 1024 * 1024
"""Characters of the documents whose elements are kept; beyond that, all begins anew."""
_MOST_SEEN = 10_000
"""Kinds of markup that were seen once, and are known if they come again."""

_PATIENCE = 16
"""Documents of new markup in a row, after which one of so many is looked at until one is known again."""

_SPECIAL = frozenset(range(0x20)) - frozenset(b"\t\n") | frozenset(b"<>")
_PLAIN = bytes(sorted(frozenset(range(0x100)) - _SPECIAL))
"""Bytes that can stand in a text. A carriage return is read as a line feed, and other controls are no XML."""
_NO_CHARACTERS = b"\xef\xbf"
"""How U+FFFE and U+FFFF begin in UTF-8, which XML does not allow."""
_RARE = _NO_CHARACTERS[:1]
"""A byte of few texts; one byte is found much sooner than two."""
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
"""Any other than the five that XML defines itself."""
_QUOTES = {"&quot;": '"', "&apos;": "'"}
_ROOT = re.compile(r"(?:<[?!][^<>]*>\s*)*<([^<>?!][^<>]*)>")
ROWS = frozenset({"InvoiceLine", "CreditNoteLine", "InvoiceRow"})
"""Names of rows, which stand right below the root."""
_ROW = re.compile(rf"<((?:[\w.-]{{1,40}}:)?(?:{'|'.join(sorted(ROWS))}))>")
"""The first row of a document. Rows with attributes of their own are parsed each time."""
_NAME = re.compile(r"[\s/]")
_HOLE = ">"
"""What marks where the rows of a frame were, among its tags; no tag of any document has it."""
_NO_STARTS = frozenset((_HOLE, "/", "?", "!"))
"""How tags begin that begin no element."""
_WHOLE = re.compile(r"[^?!].*|\?.+\?|!--.*--", re.DOTALL)
"""A tag, an instruction or a comment that has no other tags in it."""
_MOST_CURRENCIES = 8
"""Currencies for which it is remembered what is found below an element."""

PathsToPlaces: TypeAlias = tuple[tuple[str, str], ...]
"""Paths of elements, each with the place of its text; no place stands there twice."""


@define(eq=False)
class Asked:
    """What was found below an element, which its texts cannot change but by being there or not.

    Attributes:
        first: By path, the first element.
        every: By path, all elements.
        texts: By paths with their places, the first elements by those places.
        laid_out: By plan and currency, what the plan takes.
        told: By currency, those that say something, with their paths, and whether their texts alone do.
    """

    first: dict[str, Element | None] = field(factory=dict[str, "Element | None"])
    every: dict[str, Sequence[Element]] = field(factory=dict[str, Sequence[Element]])
    texts: dict[PathsToPlaces, Mapping[str, Element]] = field(
        factory=dict[PathsToPlaces, "Mapping[str, Element]"]
    )
    laid_out: dict[tuple[Plan, str], LaidOut] = field(factory=dict[tuple[Plan, str], LaidOut])
    told: dict[str, Sequence[tuple[Element, str, bool]]] = field(
        factory=dict[str, "Sequence[tuple[Element, str, bool]]"]
    )

    def make_room(self) -> None:
        """Forget what was found for currencies, which are what documents say they are, once they are many."""
        for found in (self.laid_out, self.told):
            if len(found) >= _MOST_CURRENCIES:
                found.clear()


@frozen(eq=False)
class _Segment:
    """Elements of one markup: those of a frame, or those of a row.

    Attributes:
        home: Where it is kept while no document has it.
        top: The root of the frame, or the row.
        before: Of a frame, the elements below its root that stand before the rows.
        after: Those that stand after them.
        leaves: The elements that have a text, in the order of their texts.
        asked: What was found below those that have others below them.
    """

    home: list[_Segment]
    top: Element
    before: Sequence[Element]
    after: Sequence[Element]
    leaves: Sequence[Element]
    asked: dict[Element, Asked]


@frozen(eq=False)
class Lent:
    """A document made of elements that others of its markup had before, and will have again.

    Attributes:
        root: Its root element, which is its own.
        asked: What was found below its elements, by those that have others below them; below its root,
            without its rows.
        row: The tag of its rows; empty where it has none.
        rows: Its rows.
        segments: What was lent.
    """

    root: Element
    asked: dict[Element, Asked]
    row: str
    rows: Sequence[Element]
    segments: Sequence[_Segment]

    def give_back(self) -> None:
        """Let other documents have the elements; no text of this one is asked for any more."""
        for segment in self.segments:
            segment.home.append(segment)


@frozen(eq=False)
class _Layout:
    """Where the texts of a markup stand among its pieces.

    Attributes:
        leaves: Takes the pieces that are texts of elements with nothing below them.
        between: Takes the others, which must be blank.
        kept: By which of the texts are empty, the segments that no document has.
    """

    leaves: Callable[[Sequence[str]], tuple[str, ...]]
    between: Callable[[Sequence[str]], tuple[str, ...]]
    kept: dict[str, list[_Segment]] = field(init=False, factory=dict[str, "list[_Segment]"])

    def texts(self, pieces: Sequence[str]) -> Sequence[str] | None:
        """Return the texts, without space around them; None where there is text between elements."""
        between = "".join(self.between(pieces))
        # Any space beyond ASCII is text to XML; the controls that Python takes for space are not plain.
        if between and not (between.isspace() and between.isascii()):
            return None
        return [*map(str.strip, self.leaves(pieces))]


_Markup: TypeAlias = tuple[str, str]
"""The tags of a frame or a row; before those of a row the root, which is one text for all of a document."""


@frozen(eq=False)
class Cut:
    """A plain document in pieces: markup and text by turns, of its frame and then of each of its rows.

    Attributes:
        parts: The pieces, each with the markup that they are known by.
    """

    parts: Sequence[tuple[_Markup, Sequence[str]]]


class KnownMarkup:
    """The markup that is known, with its elements."""

    def __init__(self) -> None:
        self._layouts: dict[_Markup, _Layout] = {}
        self._seen: set[int] = set()
        self._rows: dict[int, str] = {}  # by the hash of the root; another row only cuts a document otherwise
        self._kept = 0
        self._missed = 0

    def cut(self, text: bytes) -> Cut | None:
        """Return a document in pieces; None where a parser would make more of its texts than they say.

        None as well for most documents where many in a row were of new markup, for to look takes its time.

        Args:
            text: The document, in UTF-8.
        """
        if self._missed > _PATIENCE and self._missed % _PATIENCE:
            self._missed += 1
            return None
        written = _plain(text)
        start = None if written is None else _ROOT.match(written)
        if written is None or start is None:
            return None
        root = hash(start[1])
        row = self._rows.get(root)
        if row is None:
            found = _ROW.search(written)
            row = found[1] if found else ""
            if found and len(self._rows) < _MOST_SEEN:
                self._rows[root] = row
        pieces = written.replace(">", "<").split("<")
        if "&" in written:
            pieces[::2] = [unescape(piece, _QUOTES) for piece in pieces[::2]]
        del pieces[0]  # nothing is before the first tag
        return _cut(pieces, row, start[1])

    def lend(self, cut: Cut) -> Lent | None:
        """Return a document made of known markup and its texts; None where not all of it is known."""
        lent: list[_Segment] = []
        for markup, pieces in cut.parts:
            layout = self._layouts.get(markup)
            texts = None if layout is None else layout.texts(pieces)
            if layout is None or texts is None:
                break
            try:
                segment = layout.kept[_empty_ones(texts)].pop()
            except LookupError:
                break
            lent.append(segment)
            for leaf, text in zip(segment.leaves, texts, strict=True):
                leaf.text = text
        else:
            self._missed = 0
            return _made_of(lent)
        self._missed += 1
        for segment in lent:
            segment.home.append(segment)
        return None

    def learn(self, cut: Cut, root: Element) -> Lent | None:
        """Return the document as one whose elements others may have; None where its markup is new.

        Args:
            cut: The document.
            root: What the parser made of it.
        """
        unseen = {hash(markup) for markup, _ in cut.parts} - self._seen
        if unseen:  # most markup that does not come twice does not come again
            if len(self._seen) > _MOST_SEEN:
                self._seen.clear()
            self._seen |= unseen
            return None
        count = len(cut.parts) - 1
        first = next((at for at, each in enumerate(root) if local_name(each.tag) in ROWS), len(root))
        after = root[first + count :]
        rows = root[first : first + count]
        # Others below the root that are named as its rows are told by their place among them.
        if (rows and any(each.tag == rows[0].tag for each in after)) or not all(map(len, rows)):
            return None
        segments = [self._segment(*cut.parts[0], root, root[:first], after)]
        for part, row in zip(cut.parts[1:], rows, strict=False):
            segments.append(self._segment(*part, row, row[:]))
        found = [each for each in segments if each is not None]
        return _made_of(found, root) if len(found) == len(cut.parts) else None

    def _segment(
        self,
        markup: _Markup,
        pieces: Sequence[str],
        top: Element,
        before: Sequence[Element],
        after: Sequence[Element] | None = None,
    ) -> _Segment | None:
        """Return elements that can be kept; None where the pieces do not tell all that is in them.

        Args:
            markup: What they are known by.
            pieces: Their markup and texts.
            top: The row, or the root.
            before: The elements right below it; below a root, those before the rows.
            after: Of a frame, those behind the rows.
        """
        elements = [top, *(each for child in before for each in child.iter())]
        count = len(elements)
        elements += [each for child in after or () for each in child.iter()]
        tags = pieces[::2]
        if not all(map(_WHOLE.fullmatch, tags)):
            return None
        starts = [at for at, tag in enumerate(tags) if tag[:1] not in _NO_STARTS]
        ends = sum(tag[:1] == "/" for tag in tags) + sum(tags[at].endswith("/") for at in starts)
        if len(starts) != ends:
            return None
        if [_NAME.split(tags[at], 1)[0].rpartition(":")[2] for at in starts] != [
            local_name(each.tag) for each in elements
        ]:
            return None
        if _HOLE in tags and sum(at < tags.index(_HOLE) for at in starts) != count:
            return None
        of_text = [
            (at, element)
            for at, element in zip(starts, elements, strict=True)
            if not tags[at].endswith("/") and tags[at + 1][:1] == "/"
        ]
        layout = self._layouts.get(markup)
        if layout is None:
            leaves = [2 * at + 1 for at, _ in of_text]
            between = sorted({*range(1, len(pieces), 2)} - {*leaves})
            layout = _Layout(_taker(leaves), _taker(between))
        texts = layout.texts(pieces)
        if texts is None or [*texts] != [(each.text or "").strip() for _, each in of_text]:
            return None
        size = sum(map(len, pieces))
        self._kept += size
        if self._kept > _MOST_KEPT:
            self._layouts, self._kept = {}, size
        self._layouts[markup] = layout
        return _Segment(
            home=layout.kept.setdefault(_empty_ones(texts), []),
            top=top,
            before=before,
            after=after or (),
            leaves=[each for _, each in of_text],
            # What is further below a row is asked for too seldom.
            asked={each: Asked() for each in elements if each is top or (after is not None and len(each))},
        )


def _made_of(segments: Sequence[_Segment], root: Element | None = None) -> Lent:
    """Return the document that a frame and rows make.

    Args:
        segments: The frame, then the rows.
        root: Its root, where it has one already.
    """
    frame, *rows = segments
    tops = [row.top for row in rows]
    if root is None:
        root = ET.Element(frame.top.tag, frame.top.attrib)
        root.extend((*frame.before, *tops, *frame.after))
    asked = {**frame.asked, root: frame.asked[frame.top], **{row.top: row.asked[row.top] for row in rows}}
    return Lent(root, asked, tops[0].tag if tops else "", tops, segments)


def _cut(pieces: list[str], row: str, root: str) -> Cut:
    """Return a document in parts.

    Args:
        pieces: Its markup and texts by turns.
        row: The markup that its rows begin with.
        root: That of its root, which says what the prefixes of its rows stand for.
    """
    tags, at = pieces[::2], -1
    begins: list[int] = []
    with contextlib.suppress(ValueError):
        while True:
            at = tags.index(row, at + 1)
            begins.append(at)
    if not begins:
        return Cut([(("", "<".join(tags)), pieces)])
    end = 1 + (tags.index(f"/{row}", begins[-1]) if f"/{row}" in tags[begins[-1] :] else begins[-1])
    frame = [*tags[: begins[0]], _HOLE, *tags[end:]]
    parts = [(("", "<".join(frame)), [*pieces[: 2 * begins[0]], _HOLE, "", *pieces[2 * end :]])]
    for begin, behind in pairwise((*begins, end)):
        parts.append(((root, "<".join(tags[begin:behind])), pieces[2 * begin : 2 * behind]))
    return Cut(parts)


def _taker(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return what takes the pieces at some places, most quickly where they are several."""
    return itemgetter(*places) if len(places) > 1 else lambda pieces: tuple(pieces[at] for at in places)


def _empty_ones(texts: Sequence[str]) -> str:
    return "" if all(texts) else "".join(["1" if text else "0" for text in texts])


def _plain(text: bytes) -> str | None:
    """Return a document as text; None where it holds more than markup and what stands for itself."""
    if len(text) > _LARGEST or (_RARE in text and _NO_CHARACTERS in text):
        return None
    if b"!" in text and text.count(b"<!") > text.count(b"<!--"):
        return None
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    marks = text.translate(None, _PLAIN)
    if marks != b"<>" * (len(marks) // 2):
        return None
    try:
        written = text.decode()
    except UnicodeDecodeError:
        return None
    # The parser's guard, too, counts first what is quickly counted, and may then take texts for declarations.
    if text.count(b"=") > MOST_NAMESPACES and text.count(b"xmlns") > MOST_NAMESPACES:
        return None
    return None if "&" in written and _ENTITY.search(written) else written
