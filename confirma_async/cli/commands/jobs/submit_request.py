"""What ``confirma submit`` is asked for, for one account or for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from confirma_async.bulk import Retry
from confirma_async.bulk.places import JournalPlace
from confirma_async.cli.connection import Connection
from confirma_async.cli.job_options import JobSettings
from confirma_async.formats import ReadOptions, Spooled
from confirma_async.sandbox import Fault
from confirma_async.settings import Environment
from confirma_async.validation import Checks


@frozen(kw_only=True)
class SubmitRequest:
    """What the user wants to have sent.

    Attributes:
        connection: Where calls go, and for which account.
        files: The inputs.
        journal: The journal that the user named; None for the account's own.
        sandbox: Whether the invoices go to a sandbox on this machine.
        job: How the job runs.
        retry: Which rejected invoices are sent again.
        number_from: The first whole number to give to documents whose own is none; None gives none.
        reading: How the files are read.
        checks: How strictly invoices are held against the rules.
        as_json: Whether the result is printed for machines.
        detach: Whether nobody waits for workers that send it.
        faults: Faults of the sandbox, and how often each happens.
    """

    connection: Connection
    files: Sequence[Path | Spooled]
    journal: JournalPlace | None
    sandbox: bool
    job: JobSettings
    retry: Retry = Retry.NONE
    number_from: int | None
    reading: ReadOptions
    checks: Checks = field(factory=Checks)
    as_json: bool
    detach: bool = False
    faults: Mapping[Fault, int] = field(factory=dict[Fault, int])


def name_of(file: Path | Spooled) -> str:
    """Return the name under which a journal knows a file."""
    return file.name if isinstance(file, Spooled) else str(file.resolve())


def target_in_words(target: str) -> str:
    """Return a target as a person knows it: the vendor's environments by their names."""
    names = {environment.value: environment.name.lower() for environment in Environment}
    return f"{names[target]}, {target}" if target in names else target
