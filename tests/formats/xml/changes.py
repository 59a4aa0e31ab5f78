"""Documents with one thing changed, and what is found wrong in them."""

from __future__ import annotations

import re

from confirma_async.formats import BadRecord

_LINE = re.compile(r"line \d+, | \(\$.*\)")


def changed(document: str, *pairs: tuple[str, str]) -> str:
    """The document with each first text replaced, where it stands first, by the second."""
    for before, after in pairs:
        assert before in document, before
        document = document.replace(before, after, 1)
    return document


def problems(found: object) -> list[tuple[str, str]]:
    """What is wrong with a record: paths in the document, without lines, and rules."""
    assert isinstance(found, BadRecord), found
    return [(_LINE.sub("", problem.path), problem.rule) for problem in found.problems]
