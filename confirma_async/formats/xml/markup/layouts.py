"""Layouts of known markup: where its texts are, and how they are read, from pieces or by a pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter

from attrs import define, field

from confirma_async.formats.xml.markup.pieces import ROWS_MARK, Pieces
from confirma_async.formats.xml.markup.reusable import Segment

_OFTEN = 32
"""Documents of one markup after which patterns are compiled for it: compiling takes a while."""
_LARGEST_PATTERN = 32 * 1024
"""Characters of markup up to which patterns are compiled."""
_SPACE = r"[ \t\n]*+"
"""Space between elements. Space beyond ASCII is text in XML; a document with other controls is not plain."""
_TEXT = "([^<]*+)"


@define(eq=False)
class MarkupLayout:
    """The layout of one markup: its tags, and which pieces are texts.

    Attributes:
        tags: Its tags.
        text_places: The indices of the pieces that are texts of elements without children.
        free_segments: Pools of segments that no document uses, by which of the texts are empty.
        patterns: Regular expressions that match the markup and capture its texts: one for a row, two for a
            frame (before its rows and behind them). Empty until the markup has come often.
    """

    tags: Sequence[str]
    text_places: Sequence[int]
    free_segments: dict[str, list[Segment]] = field(init=False, factory=dict[str, "list[Segment]"])
    patterns: Sequence[re.Pattern[str]] = field(init=False, default=())
    _texts: Callable[[Pieces], tuple[str, ...]] = field(init=False)
    _between: Callable[[Pieces], tuple[str, ...]] = field(init=False)
    _times: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._texts = _taker(self.text_places)
        self._between = _taker(sorted({*range(1, 2 * len(self.tags), 2)} - {*self.text_places}))

    def texts(self, pieces: Pieces) -> Sequence[str] | None:
        """Return the texts, stripped; None where there is text between elements."""
        between = "".join(self._between(pieces))
        if between and not (between.isspace() and between.isascii()):
            return None
        return [*map(str.strip, self._texts(pieces))]

    def is_usual(self) -> bool:
        """Count one more document of the markup; return whether there are patterns for it."""
        self._times += 1
        if self._times == _OFTEN and sum(map(len, self.tags)) <= _LARGEST_PATTERN:
            self.patterns = self._made_patterns()
        return len(self.patterns) > 0

    def _made_patterns(self) -> Sequence[re.Pattern[str]]:
        text_places = {*self.text_places}
        written = [
            ROWS_MARK
            if is_rows_mark(tag)
            else re.escape(f"<{tag}>") + (_TEXT if 2 * at + 1 in text_places else _SPACE)
            for at, tag in enumerate(self.tags)
        ]
        if ROWS_MARK not in written:
            return [re.compile("".join(written))]
        at = written.index(ROWS_MARK)
        return [re.compile("".join(each)) for each in (written[:at], written[at + 1 :])]


def is_rows_mark(tag: str) -> bool:
    """Say whether a piece stands for the rows of a frame."""
    return tag.startswith(ROWS_MARK)


def _taker(places: Sequence[int]) -> Callable[[Pieces], tuple[str, ...]]:
    """Return a function that picks the pieces at some indices."""
    return itemgetter(*places) if len(places) > 1 else lambda pieces: tuple(pieces[at] for at in places)
