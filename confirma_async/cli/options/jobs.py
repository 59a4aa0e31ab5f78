"""The options that say how a bulk job runs: the same for whatever sends invoices."""

from __future__ import annotations

import datetime

import click
from attrs import evolve, field, frozen

from confirma_async import bounds
from confirma_async.bulk import JobArguments, JobOptions, Unknown
from confirma_async.cli import options
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.session.rate.ratelimit import RateLimit

_DEFAULTS = JobOptions()


@frozen(kw_only=True)
class JobSettings:
    """How a job of the command line runs.

    Attributes:
        limit: How fast and how wide.
        arguments: What ``submit`` of the library takes.
    """

    limit: RateLimit = RateLimit()
    arguments: JobArguments = field(factory=JobArguments)


def next_time(value: str) -> datetime.datetime:
    """Read HH:MM as the next moment at which clocks here show it."""
    try:
        time = datetime.datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 (a clock's face has no zone)
    except ValueError:
        raise click.BadParameter(f"{value} is no time of the form HH:MM") from None
    now = datetime.datetime.now().astimezone()
    moment = datetime.datetime.combine(now.date(), time).astimezone()
    if moment <= now:
        moment = datetime.datetime.combine(now.date() + datetime.timedelta(days=1), time).astimezone()
    return moment


def _settings(
    rate: float | None,
    concurrency: int,
    until: datetime.datetime | None,
    max_rejections: int,
    settle: float,
    on_unknown: str,
) -> JobSettings:
    return JobSettings(
        limit=RateLimit(per_second=rate, concurrency=concurrency),
        arguments=JobArguments(
            settle_seconds=settle,
            on_unknown=on_unknown,
            max_consecutive_rejections=max_rejections or None,
            until=until,
        ),
    )


job_options: Decorator = bundle(
    "job",
    _settings,
    click.option(
        "--rate",
        type=options.FiniteRange(bounds.PER_SECOND),
        metavar="N",
        help="At most N calls per second.",
    ),
    click.option(
        "--concurrency",
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
        type=options.WholeRange(evolve(bounds.MAX_CONSECUTIVE_REJECTIONS, least=0)),
        default=_DEFAULTS.max_consecutive_rejections,
        show_default=True,
        metavar="N",
        help="Pause after N rejections in a row for the same reason; 0 never does.",
    ),
    click.option(
        "--settle",
        type=options.FiniteRange(bounds.SETTLE),
        default=_DEFAULTS.settle_seconds,
        show_default=True,
        help="Seconds in which an invoice whose answer was lost may still appear at the service.",
    ),
    click.option(
        "--on-unknown",
        type=click.Choice([choice.value for choice in Unknown]),
        default=_DEFAULTS.on_unknown.value,
        show_default=True,
        help="What to do with it when it has not appeared by then, and nothing proves it absent; resend "
        "doubles it if the service lists it later.",
    ),
)
"""Gives a command the options of a job; it takes ``job``, the ``JobSettings``."""
