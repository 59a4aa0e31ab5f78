"""The options that say how a bulk job runs: the same for whatever sends invoices."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click
from attrs import evolve, frozen

from confirma_async import bounds
from confirma_async.bulk.items import WAVE
from confirma_async.cli import options
from confirma_async.session.rate.ratelimit import RateLimit

R = TypeVar("R")


@frozen(kw_only=True)
class Running:
    """How a job runs.

    Attributes:
        limit: How fast and how wide.
        settle: Seconds in which an invoice whose answer was lost may still appear.
        on_unknown: What to do with it afterwards, where nothing proves that it is absent.
        wave: Rejections in a row of the same cause that pause the job; None for no such limit.
        until: When the job pauses.
    """

    limit: RateLimit = RateLimit()
    settle: float = 60.0
    on_unknown: str = "hold"
    wave: int | None = WAVE
    until: datetime.datetime | None = None


def next_time(value: str) -> datetime.datetime:
    """Reads HH:MM as the next moment at which clocks here show it."""
    try:
        time = datetime.datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 (a clock's face has no zone)
    except ValueError:
        raise click.BadParameter(f"{value} is no time of the form HH:MM") from None
    now = datetime.datetime.now().astimezone()
    moment = datetime.datetime.combine(now.date(), time).astimezone()
    if moment <= now:
        moment = datetime.datetime.combine(now.date() + datetime.timedelta(days=1), time).astimezone()
    return moment


def running(command: Callable[..., R]) -> Callable[..., R]:
    """Gives a command the options of a job; it takes a ``running`` in their place."""

    @functools.wraps(command)
    def with_running(
        *args: Any,
        rate: float | None,
        max_in_flight: int,
        settle: float,
        on_unknown: str,
        max_rejections: int,
        until: datetime.datetime | None,
        **kwargs: Any,
    ) -> R:
        how = Running(
            limit=RateLimit(per_second=rate, concurrency=max_in_flight),
            settle=settle,
            on_unknown=on_unknown,
            wave=max_rejections or None,
            until=until,
        )
        return command(*args, running=how, **kwargs)

    wrapped: Callable[..., R] = with_running
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_OPTIONS: tuple[options.Decorator, ...] = (
    click.option(
        "--rate",
        type=options.FiniteRange(bounds.PER_SECOND),
        metavar="N",
        help="At most N calls per second.",
    ),
    click.option(
        "--max-in-flight",
        type=options.WholeRange(bounds.CONCURRENCY),
        default=RateLimit().concurrency,
        show_default=True,
        metavar="N",
        help="At most N calls under way at once.",
    ),
    click.option(
        "--until",
        type=next_time,
        metavar="HH:MM",
        help="Pause when it is that late; the same command goes on the next day.",
    ),
    click.option(
        "--max-rejections",
        type=options.WholeRange(evolve(bounds.WAVE, least=0)),
        default=WAVE,
        show_default=True,
        metavar="N",
        help="Pause after N rejections in a row for the same reason; 0 never does.",
    ),
    click.option(
        "--settle",
        type=options.FiniteRange(bounds.SETTLE),
        default=Running().settle,
        show_default=True,
        help="Seconds in which an invoice whose answer was lost may still appear at the service.",
    ),
    click.option(
        "--on-unknown",
        type=click.Choice(["hold", "resend"]),
        default=Running().on_unknown,
        show_default=True,
        help="What to do with it when it has not appeared by then, and nothing proves it absent; resend "
        "doubles it if the service lists it later.",
    ),
)
