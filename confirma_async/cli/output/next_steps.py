"""Suggests the commands to run after a job, with the options that they need."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

from attrs import frozen

from confirma_async.bulk import Report
from confirma_async.bulk.models import Verdict
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import count, plain
from confirma_async.cli.output.standings import wording
from confirma_async.formats import Spooled
from confirma_async.formats.file_format import BY_EXTENSION, FileFormat

_MARKABLE = frozenset({FileFormat.CSV, FileFormat.EXCEL})
_IN_DOUBT = "may not know all that was sent"
_MOST_COPIES = 3
"""The greatest number of files for which to suggest a marked copy."""
_COUNTED = re.compile(r"-\d+\Z")


@frozen(kw_only=True)
class NextSteps:
    """The parts of the commands to run after a job.

    Attributes:
        again: The words of the same command.
        place: The options for the account and the target.
        checks: The options for the checks.
        journal: The journal that the user named; None for the account's own.
        files: The files that the job has read.
    """

    again: Sequence[str] = ()
    place: Sequence[str] = ()
    checks: Sequence[str] = ()
    journal: str | None = None
    files: Sequence[Path | Spooled] = ()

    def command(self, *words: str, options: Sequence[str] = ()) -> str:
        """Return a command about the job's journal, quoted for a shell."""
        journal = [] if self.journal is None else [self.journal]
        return shlex.join(["confirma", *words, *journal, *options, *self.place])

    def copies(self, report: Report) -> list[str]:
        """Return the commands that write marked copies of the tables with problems."""
        places = (issue.place for issue in report.issues if issue.verdict in _TO_CORRECT)
        sources = {place.source for place in places if place.line is not None}  # others cannot be read at all
        tables = [file for file in self.files if str(file) in sources and _is_markable(file)]
        several = len(self.files) > 1
        return [
            self.command(
                "export",
                options=["--marked", str(_copy_of(file)), *(["--of", str(file)] if several else [])],
            )
            for file in tables[:_MOST_COPIES]
        ]


def _is_markable(file: Path | Spooled) -> TypeGuard[Path]:
    return isinstance(file, Path) and BY_EXTENSION.get(file.suffix.lower()) in _MARKABLE


_TO_CORRECT = frozenset({Verdict.REJECTED, Verdict.REFUSED})


def _copy_of(file: Path) -> Path:
    """Return a path for a marked copy at which there is no file."""
    word = _("to-correct")
    stem = _COUNTED.sub("", file.stem).removesuffix(f"-{word}")
    names = itertools.chain([f"{stem}-{word}"], (f"{stem}-{word}-{number}" for number in itertools.count(2)))
    return next(copy for name in names if not (copy := file.with_name(f"{name}{file.suffix}")).exists())


def in_words(report: Report, steps: NextSteps, *, is_over: bool, is_for_good: bool) -> Iterator[str]:
    """Yield what to do next about each kind of invoice that is not accepted; commands are indented.

    Args:
        report: The report of the job.
        steps: The parts of the commands.
        is_over: Whether the job has read and handled all of its source.
        is_for_good: Whether the same command would fail for the same reason.
    """
    again = shlex.join(["confirma", *steps.again])
    if not is_over:
        unsent = _("The rest of the files was not sent.")
        yield f"{unsent} {_('Put that right, then go on:') if is_for_good else _('To go on:')}"
        yield f"  {again}"
    yield from _corrections(report, steps)
    if report.unknown:
        yield _line(
            Verdict.UNKNOWN,
            report.unknown,
            _("The same command looks them up, and sends none of them twice:"),
        )
        yield f"  {again}"
        yield _("What you find out yourself is recorded with: {command}").format(
            command=steps.command("resolve")
        )
    if report.pending and is_over:
        yield _line(Verdict.NOT_SENT, report.pending, _("Give the same command again:"))
        yield f"  {again}"
    if any(_IN_DOUBT in warning for warning in report.warnings):
        yield _("The journal may not know all that was sent. If you know that it does: {command}").format(
            command=steps.command("journal", "trust")
        )


def _corrections(report: Report, steps: NextSteps) -> Iterator[str]:
    counted = [(Verdict.REJECTED, report.rejected), (Verdict.REFUSED, report.refused)]
    found = [(verdict, number) for verdict, number in counted if number]
    if not found:
        return
    for verdict, number in found:
        yield _line(verdict, number, "")
    copies = steps.copies(report)
    if copies:
        yield _("Have a copy written that shows what is wrong in it, correct that, and send it:")
        yield from (f"  {copy}" for copy in copies)
    else:
        yield _("Correct them in the file, then send them:")
    yield f"  {steps.command('retry', *steps.checks)}"


def _line(verdict: Verdict, number: int, advice: str) -> str:
    return f"{wording(verdict).name}: {plain(count(number))}. {advice}".rstrip()
