"""What ``confirma submit`` is asked for, for one account or for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from confirma_async.bulk import Retry
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace, is_url
from confirma_async.cli.options.connection import Connection, place_words
from confirma_async.cli.options.jobs import JobSettings
from confirma_async.cli.output.next_steps import NextSteps
from confirma_async.cli.running.side_effects import command_line
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
    faults: Mapping[Fault, int] = field(factory=dict[Fault, int])

    def next_steps(self) -> NextSteps:
        """Return what the commands that follow the job are made of."""
        return NextSteps(
            again=_again(),
            place=place_words(
                self.connection.variables,
                self.connection.account,
                self.connection.key_file,
                sandbox=self.sandbox,
            ),
            checks=_checked(self.checks),
            journal=None if self.journal is None else str(self.journal),
            files=self.files,
        )


def _again() -> list[str]:
    """Return the command line; of a guided import, what sends the file as it was imported."""
    words = [without_password(word) for word in command_line()]
    return [
        "submit" if word == "import" and "import" not in words[:place] else word
        for place, word in enumerate(words)
    ]


def without_password(word: str) -> str:
    """Return a word of the command line; of a URL, what names its database."""
    option, _sign, value = word.partition("=")
    if is_url(word) and word.startswith("postgres"):
        return str(PostgresPlace.of(word))
    return f"{option}={PostgresPlace.of(value)}" if value.startswith("postgres") and is_url(value) else word


def _checked(checks: Checks) -> list[str]:
    words = ["--strict"] if checks.validate == "strict" else []
    for rule in sorted(checks.allow):
        words += ["--allow", rule]
    return words


def name_of(file: Path | Spooled) -> str:
    """Return the name under which a journal knows a file."""
    return file.name if isinstance(file, Spooled) else str(file.resolve())


def target_in_words(target: str) -> str:
    """Return a target as a person knows it: the vendor's environments by their names."""
    names = {environment.value: environment.name.lower() for environment in Environment}
    return f"{names[target]}, {target}" if target in names else target
