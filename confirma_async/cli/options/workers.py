"""The options of a command whose job workers send, because its journal is in a database that they share."""

from __future__ import annotations

from collections.abc import Collection

import click
from attrs import frozen

from confirma_async import bounds
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace
from confirma_async.bulk.models import CHUNK_SIZE
from confirma_async.cli.options import WholeRange
from confirma_async.cli.options.bundle import Decorator, bundle


@frozen
class ForWorkers:
    """How a job is sent whose journal is in a database.

    Attributes:
        here: Whether the command sends it itself, and plans nothing for workers.
        detach: Whether the command ends once it is planned, and nobody waits for the workers.
        keep_bodies: Days for which what they have sent is kept in the database; None for none.
        chunk_size: Invoices that a worker takes at a time.
    """

    here: bool
    detach: bool
    keep_bodies: int | None
    chunk_size: int

    def needed(self, journals: Collection[JournalPlace | None]) -> bool:
        """Say whether workers are to send a job whose invoices go into these journals.

        Raises:
            click.UsageError: only some of the journals are in a database, or none is, and an option is about
                workers.
        """
        shared = [journal for journal in journals if isinstance(journal, PostgresPlace)]
        if self.here:
            return False
        if len(shared) == len(journals):
            return True
        if shared:
            raise click.UsageError(
                "some of the accounts have a journal in a database that workers share, and some have none; "
                "give all of them one, or send from this process (--here)"
            )
        if self.detach or self.keep_bodies is not None or self.chunk_size != CHUNK_SIZE:
            raise click.UsageError(
                "--detach, --keep-bodies and --chunk-size are about workers, who need a journal in a "
                "database that they share: name it with --journal postgresql://HOST/DATABASE, or in each "
                "profile"
            )
        return False


def _for_workers(here: bool, detach: bool, keep_bodies: int | None, chunk_size: int) -> ForWorkers:
    if here and (detach or keep_bodies is not None or chunk_size != CHUNK_SIZE):
        raise click.UsageError(
            "--here sends from this process; --detach, --keep-bodies and --chunk-size are about workers"
        )
    return ForWorkers(here, detach, keep_bodies, chunk_size)


worker_options: Decorator = bundle(
    "for_workers",
    _for_workers,
    click.option(
        "--detach",
        is_flag=True,
        help="With a journal in a database: end once the job is planned. Unless given, wait while workers "
        "(confirma worker) send it.",
    ),
    click.option(
        "--here",
        is_flag=True,
        help="With a journal in a database: send from this process, at a rate of its own, instead of by "
        "workers.",
    ),
    click.option(
        "--chunk-size",
        type=WholeRange(bounds.CHUNK_SIZE),
        default=CHUNK_SIZE,
        show_default=True,
        metavar="INVOICES",
        help="How many invoices a worker takes at a time.",
    ),
    click.option(
        "--keep-bodies",
        type=WholeRange(bounds.KEEP_DAYS),
        metavar="DAYS",
        help="Keep in the database for so many days what workers sent, once it is final (confirma journal "
        "body).",
    ),
)
"""Gives a command ``for_workers``, a ``ForWorkers``."""
