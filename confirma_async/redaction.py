"""What must never be repeated from files or from what the service says: personal identity numbers."""

from __future__ import annotations

import re

_NUMBER = r"(?:\d{6}[-+A-FU-Y]\d{3}[0-9A-Z]|\d{6,8}[-+]\d{4})"
"""Finnish and Swedish ones; a Swedish organisation number looks the same and is taken for one too."""

_ALONE = re.compile(_NUMBER, re.ASCII | re.IGNORECASE)
_WITHIN = re.compile(rf"(?<![0-9]){_NUMBER}(?![0-9A-Z])", re.ASCII | re.IGNORECASE)

MASK = "[personal number]"


def is_personal_number(text: str) -> bool:
    """Whether a whole text looks like a personal identity number."""
    return _ALONE.fullmatch(text.strip()) is not None


def masked(text: str) -> str:
    """The text with everything that looks like a personal identity number blotted out."""
    return _WITHIN.sub(MASK, text)
