"""Parsed elements that are used for many documents in turn, with caches of what was found below them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence, Set as AbstractSet
from typing import Any, TypeAlias

from attrs import define, field, frozen

from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.plan import LaidOut, Plan

_MOST_CURRENCIES = 8
"""Currencies that a ``LookupCache`` holds results for."""

PathsToPlaces: TypeAlias = tuple[tuple[str, str], ...]
"""Paths of elements, each with the place that its text goes to. Each place occurs once."""


AttributePairs: TypeAlias = Sequence[tuple[str, str]]
"""Attributes of an element: names and values."""


@define(eq=False)
class LookupCache:
    """Caches what was found below an element.

    The results depend on the markup and on which texts are empty, and on nothing else that a text says. So
    they hold for every document that uses the same elements.

    Attributes:
        first: The first element at a path, by path.
        every: All elements at a path, by path.
        texts: The first elements at several paths: each by the place that its text goes to.
        laid_out: What a plan takes, by plan and currency.
        leftovers: By currency, the elements that a document may leave over, each with its path and with the
            attributes that are left.
        views: Groups of elements that make one part of a request, by their paths.
        doubtful: By the paths of what may stand once, the elements that stand there more often or have
            elements inside.
    """

    first: dict[str, Element | None] = field(factory=dict[str, "Element | None"])
    every: dict[str, Sequence[Element]] = field(factory=dict[str, Sequence[Element]])
    texts: dict[PathsToPlaces, Mapping[str, Element]] = field(
        factory=dict[PathsToPlaces, "Mapping[str, Element]"]
    )
    laid_out: dict[tuple[Plan, str], LaidOut] = field(factory=dict[tuple[Plan, str], LaidOut])
    leftovers: dict[str, Sequence[tuple[Element, str, AttributePairs]]] = field(
        factory=dict[str, "Sequence[tuple[Element, str, AttributePairs]]"]
    )
    views: dict[Sequence[str], PartView] = field(factory=dict[Sequence[str], "PartView"])
    doubtful: dict[Sequence[str], Sequence[tuple[str, Sequence[Element]]]] = field(
        factory=dict[Sequence[str], "Sequence[tuple[str, Sequence[Element]]]"]
    )

    def make_room(self) -> None:
        """Forget the results of all currencies once there are too many: any text may stand as one."""
        for found in (self.laid_out, self.leftovers):
            if len(found) >= _MOST_CURRENCIES:
                found.clear()


@frozen(eq=False)
class FilledPart:
    """A part of a request, such as the seller, as it was filled from the elements of one document.

    Attributes:
        texts: The texts of these elements.
        currency: The currency of the document.
        values: The values of the part. Documents share them, so they are not changed any more.
        origins: The element that each value came from.
        taken: The elements whose texts were taken.
        attributes: The attributes that were taken.
    """

    texts: Sequence[str | None]
    currency: str
    values: Mapping[str, Any]
    origins: Mapping[str, Any]
    taken: AbstractSet[Element]
    attributes: AbstractSet[tuple[Element, str]]


@define(eq=False)
class PartView:
    """The elements that one part of a request is made of, gathered below an element made for them.

    Attributes:
        top: The element made for them.
        leaves: The elements below it that have a text.
        cache: What was found below ``top``.
        filled: The part as it was filled last; None before.
    """

    top: Element
    leaves: Sequence[Element]
    cache: LookupCache = field(factory=LookupCache)
    filled: FilledPart | None = None


@frozen(eq=False)
class Segment:
    """The elements of a frame or of a row, which one document uses at a time.

    Attributes:
        pool: The list that holds it while no document uses it.
        top: The root of the frame, or the row.
        before: Of a frame, the elements below its root that stand before the rows.
        after: Those that stand after them.
        leaves: The elements that have a text, in the order of their texts.
        caches: A cache for each element that has others below it.
    """

    pool: list[Segment]
    top: Element
    before: Sequence[Element]
    after: Sequence[Element]
    leaves: Sequence[Element]
    caches: dict[Element, LookupCache]


@frozen(eq=False)
class ReusableDocument:
    """A document whose elements are used again for later documents of the same markup.

    Attributes:
        root: Its root element; no other document uses it.
        caches: A cache for each element that has others below it. That of the root leaves out the rows.
        row: The tag of its rows; empty where it has none.
        rows: Its rows.
        segments: The segments that it uses until it is released.
    """

    root: Element
    caches: dict[Element, LookupCache]
    row: str
    rows: Sequence[Element]
    segments: Sequence[Segment]

    def release(self) -> None:
        """Put the segments back into their pools. No text of this document may be read after that."""
        for segment in self.segments:
            segment.pool.append(segment)


def made_of(segments: Sequence[Segment], root: Element | None = None) -> ReusableDocument:
    """Return the document that is made of a frame and rows.

    Args:
        segments: The frame, then the rows.
        root: Its root, where it has one already.
    """
    frame, *rows = segments
    tops = [row.top for row in rows]
    if root is None:
        root = ET.Element(frame.top.tag, frame.top.attrib)
        root.extend((*frame.before, *tops, *frame.after))
    caches = {**frame.caches, root: frame.caches[frame.top], **{row.top: row.caches[row.top] for row in rows}}
    return ReusableDocument(root, caches, tops[0].tag if tops else "", tops, segments)
