"""Finds out which encodings bytes prove or contradict, whatever a file or a person says."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

WINDOWS = "cp1252"
"""Windows-1252, in which all bytes but five are characters."""

WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_USUAL = re.compile("[\xa1-\xff\u2010-\u20ff]")
_STRAY = re.compile("[\udc80-\udcff]")
_WIDE = re.compile("[^\0-\x7f\udc80-\udcff]")
_CONTROLS = bytes(range(0x80, 0xA0))


def is_utf8(parts: Iterable[str]) -> bool | None:
    """Say whether bytes are UTF-8; None if they are all ASCII, so that they may be either.

    A text that is UTF-8 except for some bytes was damaged: one usual letter in UTF-8 proves that. Unusual
    letters do not prove it, since capitals before a euro sign or a hard space in Windows-1252 look like them.
    They are weighed.

    Args:
        parts: The bytes, decoded as UTF-8, with lone surrogates for bytes that are not.
    """
    letters = strays = 0
    for text in parts:
        if not text.isascii():
            if _USUAL.search(text):
                return True
            strays += len(_STRAY.findall(text))
            letters += len(_WIDE.findall(text))
    return letters > strays if letters or strays else None


def is_all_utf8(data: bytes) -> bool:
    """Say whether bytes hold letters beyond ASCII, and all of these are UTF-8."""
    if data.isascii():
        return False
    try:
        return is_utf8([data.decode()]) is True
    except UnicodeDecodeError:
        return False


def has_windows_letters(data: bytes) -> bool:
    """Say whether bytes hold control characters of ISO-8859 that are letters in Windows-1252."""
    return len(data.translate(None, _CONTROLS)) < len(data)
