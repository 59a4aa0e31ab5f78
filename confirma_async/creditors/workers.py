"""Runs the worker of an account again and again, beside the workers of other accounts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from confirma_async.errors import (
    AuthenticationError,
    ConfirmaError,
    JournalError,
    PermissionDeniedError,
)

if TYPE_CHECKING:  # asked for only where the extra ``postgres`` is installed
    from confirma_async.bulk.machines.worker import WorkerEnd, WorkerHealth

Begun: TypeAlias = "Callable[[str, WorkerHealth], object]"
"""Hears that the worker of an account has begun, and gets its health."""

Stopped: TypeAlias = "Callable[[str, WorkerEnd | ConfirmaError], object]"
"""Hears how the worker of an account has ended."""

FIRST_PAUSE = 5.0
"""Seconds after which a worker that stopped is begun again; then twice as many, and so on."""

LONGEST_PAUSE = 300.0
"""The same, at most."""

_FOR_GOOD = (AuthenticationError, PermissionDeniedError)
"""Errors of a key; beginning again is of no use."""


async def again_and_again(
    work: Callable[[], Awaitable[WorkerEnd]],
    stop: asyncio.Event,
    *,
    once: bool,
    stopped: Callable[[WorkerEnd | ConfirmaError], object],
) -> WorkerEnd | ConfirmaError:
    """Run a worker, and begin it again after errors that may pass, until it is asked to stop.

    Args:
        work: Runs the worker from its beginning to its end.
        stop: Set once the worker is asked to stop.
        once: Whether the worker is not begun again.
        stopped: Called with how the worker ended, each time that it ends.

    Returns:
        How the worker ended last, or its error.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            ended: WorkerEnd | ConfirmaError = await work()
        except ConfirmaError as error:
            ended = error
        stopped(ended)
        if once or stop.is_set() or _is_over(ended):
            return ended
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
                return ended
        pause = min(2 * pause, LONGEST_PAUSE)


def _is_over(ended: WorkerEnd | ConfirmaError) -> bool:
    """Say whether the worker must not begin again: it was asked to stop, or its error is lasting."""
    if isinstance(ended, ConfirmaError):
        return not (isinstance(ended, JournalError) and ended.resumable)
    return ended.paused is None or isinstance(ended.paused_by, _FOR_GOOD)


def unheard(*_arguments: object) -> None:
    """Do nothing; stands in where nobody is to be told."""
