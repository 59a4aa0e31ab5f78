"""The terminal for tables and bars, with control characters written out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from confirma_async.privacy import visible


class Terminal(Console):
    """A console whose tables hold nothing that drives it; see ``printer``.

    It is the last guard: a cell that was not made visible before shows as it should, in a column too narrow.
    Names such as ``:100:`` stay as they are.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render something; what is rich's own way to drive the terminal stays."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(visible(segment.text, lines=True), segment.style)
