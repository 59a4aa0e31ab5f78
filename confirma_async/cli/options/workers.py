"""The options that have workers send a job, instead of the command itself."""

from __future__ import annotations

import click
from attrs import frozen

from confirma_async import bounds
from confirma_async.cli.options import WholeRange
from confirma_async.cli.options.bundle import Decorator, bundle


@frozen
class ForWorkers:
    """How a job is planned for workers.

    Attributes:
        detach: Whether the command ends once it is planned, and nobody waits for the workers.
        keep_bodies: Days for which what they have sent is kept in the database; None for none.
    """

    detach: bool
    keep_bodies: int | None


def _for_workers(workers: bool, detach: bool, keep_bodies: int | None) -> ForWorkers | None:
    if workers or detach:
        return ForWorkers(detach, keep_bodies)
    if keep_bodies is not None:
        raise click.UsageError("--keep-bodies is about bodies of --workers and --detach; say one of them")
    return None


worker_options: Decorator = bundle(
    "for_workers",
    _for_workers,
    click.option(
        "--workers",
        is_flag=True,
        help="Plan the job in the database of --journal, or of each profile, and wait while workers "
        "(confirma worker) send it.",
    ),
    click.option("--detach", is_flag=True, help="The same, and end once it is planned."),
    click.option(
        "--keep-bodies",
        type=WholeRange(bounds.KEEP_BODIES),
        metavar="DAYS",
        help="Keep there for so many days what was sent, once it is final (confirma journal body).",
    ),
)
"""Gives a command ``for_workers``: a ``ForWorkers``, or None where it sends the job itself."""
