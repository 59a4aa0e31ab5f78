"""Elements that are lent to one document after the other, and what was found below them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence, Set as AbstractSet
from typing import Any, TypeAlias

from attrs import define, field, frozen

from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.plan import LaidOut, Plan

_MOST_CURRENCIES = 8
"""Currencies for which it is remembered what is found below an element."""

PathsToPlaces: TypeAlias = tuple[tuple[str, str], ...]
"""Paths of elements, each with the place of its text; no place stands there twice."""


AttributePairs: TypeAlias = Sequence[tuple[str, str]]
"""Names and values."""


@define(eq=False)
class Asked:
    """What was found below an element, which its texts cannot change but by being there or not.

    Attributes:
        first: By path, the first element.
        every: By path, all elements.
        texts: By paths with their places, the first elements by those places.
        laid_out: By plan and currency, what the plan takes.
        leftovers: By currency, those that say something, with their paths and the attributes that do.
        views: By the paths to them, some of them together.
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

    def make_room(self) -> None:
        """Forget what was found for currencies, which are what documents say they are, once they are many."""
        for found in (self.laid_out, self.leftovers):
            if len(found) >= _MOST_CURRENCIES:
                found.clear()


@frozen(eq=False)
class Filled:
    """What a part of a request came to.

    Attributes:
        texts: The texts that it was made of.
        currency: The currency of its document.
        values: What was put into it. What is in them is shared by documents, and not changed any more.
        origins: What the values came from.
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
    """Some elements of a document, below one of their own.

    Attributes:
        top: The element that they are below.
        leaves: What has a text among them and those below them.
        asked: What was found below the top.
        filled: What a part of a request that is made of nothing else came to; None where that is not known.
    """

    top: Element
    leaves: Sequence[Element]
    asked: Asked = field(factory=Asked)
    filled: Filled | None = None


@frozen(eq=False)
class Segment:
    """Elements of one markup: those of a frame, or those of a row.

    Attributes:
        home: Where it is kept while no document has it.
        top: The root of the frame, or the row.
        before: Of a frame, the elements below its root that stand before the rows.
        after: Those that stand after them.
        leaves: The elements that have a text, in the order of their texts.
        asked: What was found below those that have others below them.
    """

    home: list[Segment]
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
    segments: Sequence[Segment]

    def give_back(self) -> None:
        """Let other documents have the elements; no text of this one is asked for any more."""
        for segment in self.segments:
            segment.home.append(segment)


def made_of(segments: Sequence[Segment], root: Element | None = None) -> Lent:
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
