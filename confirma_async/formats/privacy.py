"""What a message may show of a file: names of columns and numbers of invoices, but no person's data."""

from __future__ import annotations

import re

from confirma_async.redaction import may_be_personal_number, visible

HIDDEN = "(not shown: it looks like a personal identity number, not an invoice number)"

_NAME = re.compile(r"[^\W\d]\w{0,59}")
_LONG_NUMERAL = re.compile(r"\d{4}")
_SHOWN = 40


def number_shown(number: str) -> str:
    """Return an invoice number as a message may show it: cut if long, hidden if it may be a person's."""
    if may_be_personal_number(number):
        return HIDDEN
    return visible(number if len(number) <= _SHOWN else number[:_SHOWN] + "...")


def looks_like_name(text: str) -> bool:
    """Whether a text is what columns and keys are called, not what stands in them."""
    return _NAME.fullmatch(text) is not None and _LONG_NUMERAL.search(text) is None


def printable(text: str) -> str:
    """Return a text from a file or its name as every encoding can carry it, and as it drives no terminal."""
    return visible(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
