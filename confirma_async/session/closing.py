"""Objects that are closed at the end of their ``async with`` block."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class AsyncClosing:
    """An object that ``aclose``, or the end of its ``async with`` block, closes for good."""

    async def aclose(self) -> None:
        """End the work under way, and close the object. Closing twice is fine."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
