"""What ``confirma submit`` shall do, for one account or for many."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import evolve, field, frozen

from confirma_async.bulk import JobArguments, Retry
from confirma_async.bulk.journal_places import PostgresPlace, is_url
from confirma_async.cli.language.messages import translated
from confirma_async.cli.options.destination import Destination
from confirma_async.cli.options.inputs import Inputs
from confirma_async.cli.options.send_mode import Sending
from confirma_async.cli.output.next_steps import NextSteps
from confirma_async.cli.remembered import as_text
from confirma_async.cli.running.side_effects import command_line
from confirma_async.formats import Spooled
from confirma_async.sandbox import Fault
from confirma_async.settings import Environment
from confirma_async.validation import Checks


@frozen(kw_only=True)
class SubmitRequest:
    """What ``confirma submit`` shall do.

    Attributes:
        destination: The service or sandbox, the account and the journal.
        inputs: The files, and how they are read and checked.
        sending: Whether a job or workers send the invoices, and how.
        retry: Which rejected invoices to send again.
        as_json: Whether to print JSON for machines.
        faults: Faults of the sandbox, and how many times each happens.
    """

    destination: Destination
    inputs: Inputs
    sending: Sending
    retry: Retry = Retry.NONE
    as_json: bool = False
    faults: Mapping[Fault, int] = field(factory=dict[Fault, int])

    def arguments(self, expected: int | None = None) -> JobArguments:
        """Return the arguments of the job for the library.

        Args:
            expected: The number of records; None if it is not known.
        """
        options = evolve(
            self.sending.job.options,
            validate=self.inputs.checks.validate,
            allow=self.inputs.checks.allow,
            retry=self.retry,
            inputs=[name_of(file) for file in self.inputs.files],
            expected=expected,
            reading=as_text(self.inputs.files, self.inputs.reading),
        )
        return options.as_arguments()

    def next_steps(self) -> NextSteps:
        """Return the parts of the commands to run after the job."""
        connection, journal = self.destination.connection, self.destination.journal
        return NextSteps(
            again=_again(),
            place=connection.words(sandbox=self.destination.sandbox),
            checks=_checked(self.inputs.checks),
            journal=None if journal is None else str(journal),
            files=self.inputs.files,
        )


def _again() -> list[str]:
    """Return the words of the command line; for a guided import, those of ``submit``."""
    words = [without_password(word) for word in command_line()]
    return [
        "submit" if word == "import" and "import" not in words[:place] else word
        for place, word in enumerate(words)
    ]


def without_password(word: str) -> str:
    """Return a word of the command line; a database's URL without user and password."""
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
    """Return a target in words; the vendor's environments have their names, too."""
    names = {environment.value: environment.name.lower() for environment in Environment}
    return translated(f"{names[target]}, {target}" if target in names else target)
