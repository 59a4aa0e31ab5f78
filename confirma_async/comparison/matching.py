"""Which name of theirs stands for which of ours: by what fits there, and only then by how it is spelled."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_SAME = 0.55
"""How alike two names must be, beside all that fits, to be taken for one."""
_AHEAD = 0.15
"""How much more alike than the next best."""


def words_of(name: str) -> Counter[str]:
    """Return the words that a name is made of: ``dueDate`` has those of ``date_due``."""
    return Counter(word.lower() for word in _WORD.findall(name))


def likeness(one: str, other: str) -> float:
    """Return how alike two names are, from 0 to 1: by their words in any order, or by their letters."""
    mine, theirs = words_of(one), words_of(other)
    total = sum(mine.values()) + sum(theirs.values())
    shared = 2 * sum((mine & theirs).values()) / total if total else 0.0
    return max(shared, difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio())


def matched(candidates: Mapping[str, set[str]], wire: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
    """Return the attribute that each unknown key may stand for, and whether that is sure.

    It is sure where nothing else fits on either side, or where of those that fit one is spelled alike and no
    other nearly so. Where several fit and none is alike, nothing is said.

    Args:
        candidates: The attributes that fit each unknown key: by place, kind, and what is inside.
        wire: The wire name of each of those attributes.
    """
    wanted = Counter(name for fits in candidates.values() for name in fits)
    found: dict[str, tuple[str, bool]] = {}
    taken: set[str] = set()
    pairs = sorted(
        ((likeness(key, wire[name]), key, name) for key, fits in candidates.items() for name in fits),
        reverse=True,
    )
    for alike, key, name in pairs:
        if key in found or name in taken:
            continue
        rivals = [
            other
            for other, other_key, other_name in pairs
            if (other_key == key) != (other_name == name)
            and other_key not in found
            and other_name not in taken
        ]
        alone = len(candidates[key]) == 1 and wanted[name] == 1
        ahead = alike - max(rivals, default=0.0)
        if alone or alike >= _SAME:
            found[key] = name, alone or ahead >= _AHEAD
            taken.add(name)
    return found
