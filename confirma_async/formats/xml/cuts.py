"""Finds where another document begins in a file, as an XML parser would.

No document begins in a comment, in a CDATA section or in a processing instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import define

_DECLARATION = re.compile(rb"<\?xml\s")
_FEW_MARKS = 3
"""Question or exclamation marks that are checked one by one for a ``<`` before them."""
_AROUND = re.compile(
    rb"(?<=Envelope>)\s*(?=<Finvoice[\s>])|(?<=</Finvoice>)\s*(?=<(?:[\w.-]{1,40}:)?Envelope[\s>])"
)
"""Where another document begins without a declaration: between an envelope and a Finvoice."""
_NEAR_END = 1024
"""Bytes at the end of the data that may be the first ones of a match."""
_HIDES: Mapping[bytes, bytes] = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
"""The beginnings of parts in which markup does not count, and their ends."""
_CLOSED_BY: Mapping[bytes, bytes] = {**_HIDES, b'"': b'"', b"'": b"'"}
"""The same in a DOCTYPE, where it does not count in quotes either."""
_DOCTYPE = b"<!DOCTYPE"
_IN_DOCTYPE = re.compile(rb"""["'\[<>]""")
_IN_SUBSET = re.compile(rb"""["'\]]|<!--|<\?""")
_BEHIND_SUBSET = re.compile(rb"[^ \t\r\n]")
"""The next tokens in a DOCTYPE: before its declarations, among them, and behind them."""
_OPENING = re.compile(rb"<!--|<!\[CDATA\[|<\?|<!DOCTYPE")
_ENDS: Mapping[bytes, re.Pattern[bytes]] = {
    b"<!--": re.compile(rb"-->?"),
    b"<![CDATA[": re.compile(rb"\]\]>|<!\[CDATA\["),
    b"<?": re.compile(rb"\?>|<\?"),
}
"""The end of each part in which markup does not count, or a sign that its end is missing."""


@define
class CutSearch:
    """Finds where another document begins, in bytes that are read piece by piece.

    Attributes:
        searched: The number of bytes at the beginning that were searched.
        end: The end of the part that is open after these bytes; None if none is open.
        doctype: The pattern of the next token, if a DOCTYPE is open after these bytes; None if none is.
    """

    searched: int = 0
    end: bytes | None = None
    doctype: re.Pattern[bytes] | None = None

    def find(self, data: bytearray, begin: int, *, is_last: bool) -> int | None:
        """Return the index at which another document begins; None if none does in the data.

        Args:
            data: The bytes that were read, from the beginning of the last search on.
            begin: The first index at which another document may begin.
            is_last: Whether the data reaches to the end of the file.
        """
        if self.searched < begin and _DECLARATION.match(data, begin - 1):
            self.searched = begin  # behind the first bytes of its own
        question = -1
        while self._is_ended(data):
            at = self.searched
            if question < at:
                question = _find_tag(data, b"?", at, len(data))
            tag = _find_tag(data, b"!", at, question)
            start = max(at, begin)
            if data.find(b"Envelope", start, tag) >= 0:  # else the pattern, which takes its time, finds none
                found = _AROUND.search(data, start, tag)
                if found:
                    return found.end()
            if tag > len(data) - _NEAR_END and (tag == len(data) or not is_last):
                self.searched = max(at, len(data) - _NEAR_END)
                return None
            if tag == question and _DECLARATION.match(data, tag):
                return tag
            self._pass(data, tag)
        return None

    def _is_ended(self, data: bytes | bytearray) -> bool:
        """Pass over the parts that are open; return whether their ends are in the data."""
        while self.end is not None or self.doctype is not None:
            if self.end is not None:
                found = data.find(self.end, self.searched)
                if found < 0:
                    self.searched = max(self.searched, len(data) - 2)  # but the last byte of the longest end
                    return False
                self.searched, self.end = found + len(self.end), None
            elif self.doctype is not None:
                token = self.doctype.search(data, self.searched)
                if token is None:
                    self.searched = max(self.searched, len(data) - 3)  # but the last byte of <!--
                    return False
                self._pass_in_doctype(token)
        return True

    def _pass_in_doctype(self, token: re.Match[bytes]) -> None:
        """Pass over a token of a DOCTYPE. One that is not well-formed ends at its first error."""
        opening, self.searched = token[0], token.end()
        if self.doctype is _BEHIND_SUBSET or opening in {b"<", b">"}:
            self.doctype = None
            self.searched -= opening == b"<"
        elif opening in _CLOSED_BY:
            self.end = _CLOSED_BY[opening]
        else:
            self.doctype = _IN_SUBSET if opening == b"[" else _BEHIND_SUBSET

    def _pass(self, data: bytearray, tag: int) -> None:
        """Pass over the beginning of a tag with a question or an exclamation mark."""
        for opening, end in _HIDES.items():
            if data.startswith(opening, tag):
                self.searched, self.end = tag + len(opening), end
                return
        self.searched = tag + 2
        if data.startswith(_DOCTYPE, tag):
            self.searched, self.doctype = tag + len(_DOCTYPE), _IN_DOCTYPE

    def pass_doctype(self, data: bytes) -> int | None:
        """Return the index behind a DOCTYPE whose first bytes were searched; None if it does not end."""
        self.doctype = _IN_DOCTYPE
        return self.searched if self._is_ended(data) else None


def hidden_documents(data: bytes, begin: int) -> Iterator[int]:
    """Yield the indices at which documents seem to begin within a refused one.

    A comment, a CDATA section or an instruction holds none, unless its end seems to be missing.

    Args:
        data: The document that is refused.
        begin: An index behind its own beginning.
    """
    at, has_doctype = begin, False
    while (found := _OPENING.search(data, at)) is not None:
        at, opening = found.end(), found[0]
        if opening == _DOCTYPE:
            if not has_doctype:
                at = CutSearch(at).pass_doctype(data) or at
            has_doctype = True
        elif _DECLARATION.match(data, found.start()):
            yield found.start()
        else:
            end = _ENDS[opening].search(data, at)
            if end is not None and end[0] == _HIDES[opening]:
                at = end.end()


def count_declarations(data: bytearray, begin: int, end: int) -> tuple[int, int | None]:
    """Return the number of XML declarations that begin between two indices, and the index of the first."""
    found = [each.start() for each in _DECLARATION.finditer(data, begin) if each.start() < end]
    return len(found), found[0] if found else None


def _find_tag(data: bytearray, mark: bytes, begin: int, end: int) -> int:
    """Return the index of a tag that begins with ``<`` and a mark; ``end`` if there is none.

    Searching one byte is much faster than two, and most documents have the mark only in their declarations.
    """
    at = begin
    for _ in range(_FEW_MARKS):
        at = data.find(mark, at + 1, end)
        if at < 0:
            return end
        if data.startswith(b"<", at - 1):
            return at - 1
    found = data.find(b"<" + mark, at, end)
    return end if found < 0 else found
