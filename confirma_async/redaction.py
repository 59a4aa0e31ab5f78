"""What must never be repeated from what the service says: personal identity numbers."""

from __future__ import annotations

import re

_PERSONAL_NUMBER = re.compile(
    r"(?<![0-9])(?:\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]|(?:\d{2})?\d{6}[-+]\d{4})(?![0-9A-Za-z])"
)
"""Finnish and Swedish ones; a Swedish organisation number looks the same and is masked too."""

MASK = "[personal number]"


def masked(text: str) -> str:
    """The text with everything that looks like a personal identity number blotted out."""
    return _PERSONAL_NUMBER.sub(MASK, text)
