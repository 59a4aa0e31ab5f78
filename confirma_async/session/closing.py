"""What is open until the end of its ``async with`` block, at the latest."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class AsyncClosing:
    """What is closed for good by ``aclose``, at the latest at the end of its ``async with`` block."""

    async def aclose(self) -> None:
        """End what is under way and close what was opened. Closing twice is fine."""
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
