"""Exit codes: what a calling script can rely on."""

from __future__ import annotations

import enum

from confirma_async.bulk import Report


class Exit(enum.IntEnum):
    """How a command ended."""

    ACCEPTED = 0
    """All is well: every invoice was accepted, or there was nothing to object to."""
    REJECTED = 1
    """The job is done; some records were refused or rejected."""
    USAGE = 2
    """The command, its files, its journal or its configuration cannot be used."""
    PAUSED = 3
    """The job stopped before its end; the same command goes on."""
    INTERNAL = 70
    """A fault of the SDK itself."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or a signal; the same command goes on."""


def of_report(report: Report) -> Exit:
    """The exit code that a job's report stands for."""
    if report.interrupted:
        return Exit.INTERRUPTED
    if not report.complete:
        return Exit.PAUSED
    if report.rejected or report.refused:
        return Exit.REJECTED
    return Exit.ACCEPTED
