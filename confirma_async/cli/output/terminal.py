"""Prints tables and bars to the terminal, with control characters made visible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from confirma_async.privacy import visible


class Terminal(Console):
    """A console that makes control characters visible in what it prints; see ``printer``.

    It is the last guard: if a cell was not made visible before, its column may be too narrow. Names of emojis
    such as ``:100:`` are not replaced.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render something, with control characters made visible; those of rich itself are kept."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(visible(segment.text, lines=True), segment.style)
