"""The options for sending: by a job in this process, or by workers."""

from __future__ import annotations

from collections.abc import Collection

import click
from attrs import field, fields, frozen

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace
from confirma_async.bulk.models import CHUNK_SIZE
from confirma_async.cli.options.attributes import OptionOf, object_of
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.options.jobs import JobSettings, job_options


@frozen(kw_only=True)
class ForWorkers:
    """How the invoices of a job are sent whose journal is in a database.

    Attributes:
        here: Whether this process sends them itself, and plans nothing for workers.
        detach: Whether the command ends once they are planned, without waiting for the workers.
        keep_bodies: Days for which the database keeps bodies that were sent; None to keep none.
        chunk_size: Number of invoices that a worker takes at a time.
    """

    here: bool = False
    detach: bool = False
    keep_bodies: int | None = field(default=None, validator=within(bounds.KEEP_DAYS, optional=True))
    chunk_size: int = field(default=CHUNK_SIZE, validator=within(bounds.CHUNK_SIZE))

    def __attrs_post_init__(self) -> None:
        if self.here and self._is_about_workers:
            raise click.UsageError(
                "--here sends from this process; --detach, --keep-bodies and --chunk-size are about workers"
            )

    @property
    def _is_about_workers(self) -> bool:
        return self.detach or self.keep_bodies is not None or self.chunk_size != CHUNK_SIZE

    def needed(self, journals: Collection[JournalPlace | None]) -> bool:
        """Say whether workers send a job, by the journals that it has.

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
        if self._is_about_workers:
            raise click.UsageError(
                "--detach, --keep-bodies and --chunk-size are about workers, who need a journal in a "
                "database that they share: name it with --journal postgresql://HOST/DATABASE, or in each "
                "profile"
            )
        return False


@frozen(kw_only=True)
class Sending:
    """How invoices are sent.

    Attributes:
        job: How the job runs.
        for_workers: How workers send it, if its journal is in a database.
    """

    job: JobSettings = field(factory=JobSettings)
    for_workers: ForWorkers = ForWorkers()


_WORKERS: Decorator = object_of(
    "for_workers",
    ForWorkers,
    OptionOf(
        fields(ForWorkers).detach,
        "With a journal in a database: end once the job is planned. Unless given, wait while workers "
        "(confirma worker) send it.",
    ),
    OptionOf(
        fields(ForWorkers).here,
        "With a journal in a database: send from this process, at a rate of its own, instead of by workers.",
    ),
    OptionOf(
        fields(ForWorkers).chunk_size,
        "How many invoices a worker takes at a time.",
        "INVOICES",
    ),
    OptionOf(
        fields(ForWorkers).keep_bodies,
        "Keep in the database for so many days what workers sent, once it is final (confirma journal body).",
        "DAYS",
    ),
)

sending_options: Decorator = bundle("sending", Sending, _WORKERS, job_options)
"""Gives a command the options for a job and its workers; it takes ``sending``, the ``Sending``."""
