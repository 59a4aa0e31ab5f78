"""Splits a plain document into tags and texts: those of its frame, then those of each row."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias
from xml.sax.saxutils import unescape

from attrs import frozen

from confirma_async.formats.xml.parse import MOST_NAMESPACES

_LARGEST = 128 * 1024
"""Bytes of a document whose elements are kept: nearly all without attachments."""
_SPECIAL = frozenset(range(0x20)) - frozenset(b"\t\n") | frozenset(b"<>")
_PLAIN = bytes(sorted(frozenset(range(0x100)) - _SPECIAL))
"""Bytes that can stand in a text. A carriage return is read as a line feed, and other controls are no XML."""
_NO_CHARACTERS = b"\xef\xbf"
"""The first two bytes of U+FFFE and U+FFFF in UTF-8. XML does not allow these characters."""
_RARE = _NO_CHARACTERS[:1]
"""The first of them alone: few texts contain it, and one byte is searched for much faster than two."""
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
"""An entity that is none of the five that XML defines itself."""
_QUOTES = {"&quot;": '"', "&apos;": "'"}
ROWS_MARK = ">"
"""Stands in a frame for its rows, in front of the tag of a row. No tag begins with it."""

Pieces: TypeAlias = Sequence[str]
"""Tags and texts by turns: each tag is followed by the text behind it."""

Markup: TypeAlias = tuple[str, str]
"""Identifies the markup of a frame or a row: the tag of the root (empty for a frame), and all its tags."""


@frozen(eq=False)
class Part:
    """A frame or a row of one document.

    Attributes:
        markup: Its markup, without texts.
        pieces: Its tags and texts.
    """

    markup: Markup
    pieces: Pieces


def plain(text: bytes) -> str | None:
    """Return a document as text; None where it is not plain: declarations, other entities, CDATA, controls.

    Args:
        text: The document, in UTF-8.
    """
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
    # The parser counts namespaces in the same way, and may also take texts for declarations.
    if text.count(b"=") > MOST_NAMESPACES and text.count(b"xmlns") > MOST_NAMESPACES:
        return None
    return None if "&" in written and _ENTITY.search(written) else written


def unescaped(texts: Sequence[str]) -> list[str]:
    """Return texts with entities replaced by their characters."""
    return [unescape(text, _QUOTES) for text in texts]


def parts_of(written: str, root: str, row: str) -> Sequence[Part]:
    """Return the parts of a plain document: its frame, and then its rows.

    Args:
        written: The document, as text.
        root: The tag of its root: its attributes say what the prefixes in rows mean.
        row: The tag that its rows begin with; empty where it has none.
    """
    pieces = written.replace(">", "<").split("<")
    if "&" in written:
        pieces[::2] = unescaped(pieces[::2])
    del pieces[0]  # nothing is before the first tag
    tags, at = pieces[::2], -1
    begins: list[int] = []
    with contextlib.suppress(ValueError):
        while True:
            at = tags.index(row, at + 1)
            begins.append(at)
    if not begins:
        return [Part(("", "<".join(tags)), pieces)]
    end = 1 + (tags.index(f"/{row}", begins[-1]) if f"/{row}" in tags[begins[-1] :] else begins[-1])
    mark = ROWS_MARK + row
    frame = [*tags[: begins[0]], mark, *tags[end:]]
    parts = [Part(("", "<".join(frame)), [*pieces[: 2 * begins[0]], mark, "", *pieces[2 * end :]])]
    for begin, behind in pairwise((*begins, end)):
        parts.append(Part((root, "<".join(tags[begin:behind])), pieces[2 * begin : 2 * behind]))
    return parts
