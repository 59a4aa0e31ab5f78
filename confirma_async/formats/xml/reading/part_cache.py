"""Parts of a request that come again: a seller stands in all documents of a file, and many a buyer in some.

A part comes to what its elements say, and to nothing else. Where a document has the elements of one before
it, with the same texts, the part is what it was.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import TypeAlias

from confirma_async.formats.payload import Draft
from confirma_async.formats.xml.markup.lent import Filled, PartView
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.taken import Taken

Fill: TypeAlias = Callable[[ElementReader, Draft, Element], None]
"""Fills a part of a request with what is below an element."""


def fill_part(reader: ElementReader, part: Draft, paths: Sequence[str], fill: Fill) -> None:
    """Fill a part of the request, or take over what it came to for the document before.

    Args:
        reader: The document.
        part: The part, which is empty.
        paths: The paths of the elements that it is made of.
        fill: Fills it. It is given an element that has these right below it, and no others, so that it cannot
            make the part of anything else.
    """
    view = _view(reader, paths)
    texts = [leaf.text for leaf in view.leaves]
    known = view.filled
    if known is not None and known.texts == texts and known.currency == reader.currency:
        part.values.update(known.values)
        part.origins.update(known.origins)
        reader.taken.texts |= known.taken
        reader.taken.attributes |= known.attributes
    else:
        view.filled = _filled(reader, part, view, texts, fill)


def _view(reader: ElementReader, paths: Sequence[str]) -> PartView:
    """Return the elements at some paths, below one of their own."""
    asked = reader.asked.get(reader.root)
    view = None if asked is None else asked.views.get(paths)
    if view is None:
        top = ET.Element(reader.root.tag)
        for path in paths:
            top.extend(reader.every(reader.root, path))
        view = PartView(top, [each for each in top.iter() if each.text])
    if asked is not None:
        asked.views[paths] = view
        reader.asked[view.top] = view.asked
    return view


def _filled(
    reader: ElementReader, part: Draft, view: PartView, texts: Sequence[str | None], fill: Fill
) -> Filled | None:
    """Fill a part, and return what it came to.

    None where something is told, since that is told of each document.
    """
    findings, before = reader.findings, reader.taken
    count = len(findings.problems) + len(findings.remarks)
    reader.taken = taken = Taken(reader.dialect, reader.currency)
    fill(reader, part, view.top)
    reader.taken = before
    before.texts |= taken.texts
    before.attributes |= taken.attributes
    if len(findings.problems) + len(findings.remarks) > count:
        return None
    return Filled(texts, reader.currency, {**part.values}, {**part.origins}, taken.texts, taken.attributes)
