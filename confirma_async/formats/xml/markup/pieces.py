"""A plain document in pieces: markup and text by turns, of its frame and then of each of its rows."""

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
"""How U+FFFE and U+FFFF begin in UTF-8, which XML does not allow."""
_RARE = _NO_CHARACTERS[:1]
"""A byte of few texts; one byte is found much sooner than two."""
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
"""Any other than the five that XML defines itself."""
_QUOTES = {"&quot;": '"', "&apos;": "'"}
HOLE = ">"
"""What marks where the rows of a frame were, in front of the markup of a row; no tag begins so."""

Pieces: TypeAlias = Sequence[str]
"""A tag and the text behind it, by turns."""

Markup: TypeAlias = tuple[str, str]
"""The tags of a frame or a row; before those of a row the root, which is one text for all of a document."""


@frozen(eq=False)
class Part:
    """A frame or a row.

    Attributes:
        markup: What it is known by.
        pieces: Its pieces.
    """

    markup: Markup
    pieces: Pieces


def plain(text: bytes) -> str | None:
    """Return a document as text; None where it holds more than markup and what stands for itself.

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
    # The parser's guard, too, counts first what is quickly counted, and may then take texts for declarations.
    if text.count(b"=") > MOST_NAMESPACES and text.count(b"xmlns") > MOST_NAMESPACES:
        return None
    return None if "&" in written and _ENTITY.search(written) else written


def unescaped(texts: Sequence[str]) -> list[str]:
    """Return texts with the characters that entities stand for."""
    return [unescape(text, _QUOTES) for text in texts]


def parts_of(written: str, root: str, row: str) -> Sequence[Part]:
    """Return the parts of a plain document: its frame, and then its rows.

    Args:
        written: The document.
        root: The markup of its root, which says what the prefixes of its rows stand for.
        row: The markup that its rows begin with; empty where it has none.
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
    hole = HOLE + row
    frame = [*tags[: begins[0]], hole, *tags[end:]]
    parts = [Part(("", "<".join(frame)), [*pieces[: 2 * begins[0]], hole, "", *pieces[2 * end :]])]
    for begin, behind in pairwise((*begins, end)):
        parts.append(Part((root, "<".join(tags[begin:behind])), pieces[2 * begin : 2 * behind]))
    return parts
