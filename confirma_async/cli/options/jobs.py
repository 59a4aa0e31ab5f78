"""The options for how a bulk job runs, which all commands that send invoices have."""

from __future__ import annotations

import datetime

import click
from attrs import field, fields, frozen

from confirma_async.bulk import JobOptions
from confirma_async.cli.options.attributes import OptionOf, object_of
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.session.rate.ratelimit import RateLimit


@frozen(kw_only=True)
class JobSettings:
    """How a job of the command line runs.

    Attributes:
        limit: How many calls per second, and how many at once.
        options: The other options of the job.
    """

    limit: RateLimit = RateLimit()
    options: JobOptions = field(factory=JobOptions)


def next_time(value: str) -> datetime.datetime:
    """Return the next moment at which it is HH:MM in this machine's time zone."""
    try:
        time = datetime.datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 (a clock's face has no zone)
    except ValueError:
        raise click.BadParameter(f"{value} is no time of the form HH:MM") from None
    now = datetime.datetime.now().astimezone()
    moment = datetime.datetime.combine(now.date(), time).astimezone()
    if moment <= now:
        moment = datetime.datetime.combine(now.date() + datetime.timedelta(days=1), time).astimezone()
    return moment


job_options: Decorator = bundle(
    "job",
    JobSettings,
    object_of(
        "limit",
        RateLimit,
        OptionOf(fields(RateLimit).per_second, "At most N calls per second.", "N"),
        OptionOf(fields(RateLimit).concurrency, "At most N calls under way at once.", "N"),
    ),
    object_of(
        "options",
        JobOptions,
        OptionOf(
            fields(JobOptions).until,
            "Pause when it is that late; the same command goes on the next day.",
            "HH:MM",
            next_time,
        ),
        OptionOf(
            fields(JobOptions).max_consecutive_rejections,
            "Pause after N rejections in a row for the same reason; 0 never does.",
            "N",
        ),
        OptionOf(
            fields(JobOptions).settle_seconds,
            "Seconds in which an invoice whose answer was lost may still appear at the service.",
        ),
        OptionOf(
            fields(JobOptions).on_unknown,
            "What to do with it when it has not appeared by then, and nothing proves it absent; resend "
            "doubles it if the service lists it later.",
        ),
    ),
)
"""Gives a command the options of a job; it takes ``job``, the ``JobSettings``."""
