"""The number of items that a run has taken up and not finished."""

from __future__ import annotations

import asyncio

from attrs import define, field


@define
class OpenItems:
    """Counts the items that the run has taken up and not finished.

    Attributes:
        count: How many there are.
        none_left: Set while there are none.
    """

    count: int = field(init=False, default=0)
    none_left: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self.none_left.set()

    def take_up(self) -> None:
        """Count one more."""
        self.count += 1
        self.none_left.clear()

    def finish(self) -> None:
        """Count one less."""
        self.count -= 1
        if self.count == 0:
            self.none_left.set()
