"""Where the texts of a markup stand, and how they are taken: out of its pieces, or by a pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter

from attrs import define, field

from confirma_async.formats.xml.markup.lent import Segment
from confirma_async.formats.xml.markup.pieces import HOLE, Pieces

_OFTEN = 32
"""Documents of a markup, after which patterns are made of it; that takes as long as it takes to cut many."""
_LARGEST_PATTERN = 32 * 1024
"""Characters of a markup that patterns are made of."""
_SPACE = r"[ \t\n]*+"
"""What may stand between elements. Space beyond ASCII is text to XML, and other controls are not plain."""
_TEXT = "([^<]*+)"


@define(eq=False)
class MarkupLayout:
    """Where the texts of a markup stand among its pieces.

    Attributes:
        tags: Its tags.
        holes: Where the pieces are that are texts of elements with nothing below them.
        kept: By which of the texts are empty, the segments that no document has.
        patterns: What matches the markup and takes its texts: one for a row; two for a frame, of what stands
            before its rows and of what stands behind them. None until it has come often.
    """

    tags: Sequence[str]
    holes: Sequence[int]
    kept: dict[str, list[Segment]] = field(init=False, factory=dict[str, "list[Segment]"])
    patterns: Sequence[re.Pattern[str]] = field(init=False, default=())
    _texts: Callable[[Pieces], tuple[str, ...]] = field(init=False)
    _between: Callable[[Pieces], tuple[str, ...]] = field(init=False)
    _times: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._texts = _taker(self.holes)
        self._between = _taker(sorted({*range(1, 2 * len(self.tags), 2)} - {*self.holes}))

    def texts(self, pieces: Pieces) -> Sequence[str] | None:
        """Return the texts, without space around them; None where there is text between elements."""
        between = "".join(self._between(pieces))
        if between and not (between.isspace() and between.isascii()):
            return None
        return [*map(str.strip, self._texts(pieces))]

    def is_usual(self) -> bool:
        """Count one document more of the markup, and say whether it has patterns by now."""
        self._times += 1
        if self._times == _OFTEN and sum(map(len, self.tags)) <= _LARGEST_PATTERN:
            self.patterns = self._made_patterns()
        return len(self.patterns) > 0

    def _made_patterns(self) -> Sequence[re.Pattern[str]]:
        holes = {*self.holes}
        written = [
            HOLE if is_hole(tag) else re.escape(f"<{tag}>") + (_TEXT if 2 * at + 1 in holes else _SPACE)
            for at, tag in enumerate(self.tags)
        ]
        if HOLE not in written:
            return [re.compile("".join(written))]
        at = written.index(HOLE)
        return [re.compile("".join(each)) for each in (written[:at], written[at + 1 :])]


def is_hole(tag: str) -> bool:
    """Say whether a tag marks where the rows of a frame were."""
    return tag.startswith(HOLE)


def _taker(places: Sequence[int]) -> Callable[[Pieces], tuple[str, ...]]:
    """Return what takes the pieces at some places, most quickly where they are several."""
    return itemgetter(*places) if len(places) > 1 else lambda pieces: tuple(pieces[at] for at in places)
