"""Fills parts of a request that repeat from document to document, such as the seller, only once.

A part depends on the texts of its elements and on nothing else. Where a document uses the elements of an
earlier one, and their texts are equal, the part of the earlier document is used again.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import TypeAlias

from confirma_async.formats.payload import Draft
from confirma_async.formats.xml.markup.reusable import FilledPart, PartView
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.leftovers import Taken

Fill: TypeAlias = Callable[[ElementReader, Draft, Element], None]
"""Fills a part of a request from the elements below another one."""


def fill_part(reader: ElementReader, part: Draft, paths: Sequence[str], fill: Fill) -> None:
    """Fill a part of the request; take its values from an earlier document where the texts are equal.

    Args:
        reader: The reader of the document.
        part: The part, still empty.
        paths: The paths of the elements that it is made of.
        fill: Fills the part from an element that has only these elements below it.
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
    """Return the elements at some paths, gathered below an element made for them."""
    cache = reader.caches.get(reader.root)
    view = None if cache is None else cache.views.get(paths)
    if view is None:
        top = ET.Element(reader.root.tag)
        for path in paths:
            top.extend(reader.every(reader.root, path))
        view = PartView(top, [each for each in top.iter() if each.text])
    if cache is not None:
        cache.views[paths] = view
        reader.caches[view.top] = view.cache
    return view


def _filled(
    reader: ElementReader, part: Draft, view: PartView, texts: Sequence[str | None], fill: Fill
) -> FilledPart | None:
    """Fill a part, and return it for later documents.

    It returns None if there was a problem or a remark, which must be found anew in each document.
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
    return FilledPart(
        texts, reader.currency, {**part.values}, {**part.origins}, taken.texts, taken.attributes
    )
