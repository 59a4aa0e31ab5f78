"""Finds where another document begins in a file, as a parser of XML sees it.

What stands in a comment, in a CDATA section or in a processing instruction begins no document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import define

_DECLARATION = re.compile(rb"<\?xml\s")
_FEW_MARKS = 3
"""Question marks, or exclamation marks, that may be those of a tag."""
_AROUND = re.compile(
    rb"(?<=Envelope>)\s*(?=<Finvoice[\s>])|(?<=</Finvoice>)\s*(?=<(?:[\w.-]{1,40}:)?Envelope[\s>])"
)
"""Where another document begins beside a declaration: between an envelope and a Finvoice."""
_NEAR_END = 1024
"""Bytes at the end of what is read that may be the first of what is sought."""
_HIDES: Mapping[bytes, bytes] = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
"""What hides all that looks like markup, and what ends it."""
_DOCTYPE = b"<!DOCTYPE"
_PLAIN_DOCTYPE = re.compile(rb"""<!DOCTYPE(?:[^<>\[\]"']|"[^<>\[\]"]*"|'[^<>\[\]']*'){0,1000}>""")
_NEVER = b""
"""Ends a DOCTYPE that declares something: a declaration may quote what looks like markup.

A document with one is refused, and with it all that is behind it in its file.
"""


@define
class CutSearch:
    """Finds where another document begins, in bytes that are read piece by piece.

    Attributes:
        searched: Bytes at the beginning that are searched.
        end: What ends that which the searched bytes leave open; None where they leave nothing open.
    """

    searched: int = 0
    end: bytes | None = None

    def find(self, data: bytearray, begin: int, *, is_last: bool) -> int | None:
        """Return where another document begins; None where none does in what is read.

        Args:
            data: What is read, from where the last search began.
            begin: The first byte that another document may begin at.
            is_last: Whether all is read.
        """
        if self.searched < begin and _DECLARATION.match(data, begin - 1):
            self.searched = begin  # behind the first bytes of its own
        question = -1
        while self.end is None or self._is_ended(data):
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

    def _is_ended(self, data: bytearray) -> bool:
        """Pass over what is open; return whether its end is read."""
        end = self.end or _NEVER
        found = -1 if end is _NEVER else data.find(end, self.searched)
        if found < 0:
            self.searched = max(self.searched, len(data) - 2)  # all but the last byte of the longest end
            return False
        self.searched, self.end = found + len(end), None
        return True

    def _pass(self, data: bytearray, tag: int) -> None:
        """Pass over a tag that begins with a mark."""
        for opening, end in _HIDES.items():
            if data.startswith(opening, tag):
                self.searched, self.end = tag + len(opening), end
                return
        self.searched = tag + 2
        if data.startswith(_DOCTYPE, tag):
            plain = _PLAIN_DOCTYPE.match(data, tag)
            if plain is None:
                self.end = _NEVER
            else:
                self.searched = plain.end()


def _find_tag(data: bytearray, mark: bytes, begin: int, end: int) -> int:
    """Return where a tag with this mark begins; the end where none does.

    One byte is found much sooner than two, and most documents have it in their declarations alone.
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
