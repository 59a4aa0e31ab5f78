"""Findings of the checks, and what to do about them."""

from __future__ import annotations

import enum

from attrs import frozen


class Health(enum.Enum):
    """The result of one check."""

    GOOD = "good"
    """Nothing to do."""
    DOUBTFUL = "doubtful"
    """It works, or may work; look at it before going live."""
    BAD = "bad"
    """It does not work."""
    SKIPPED = "skipped"
    """It was not looked at, because something before it does not work."""


@frozen
class Finding:
    """What one check found.

    Attributes:
        check: The check, by name.
        health: The result: good, doubtful or bad.
        message: What was found, in a sentence; no key in it.
        remedy: What to do about it, in terms of the library's parameters; None where there is nothing to do.
    """

    check: str
    health: Health
    message: str
    remedy: str | None = None


def good(message: str) -> Finding:
    """Make a finding that needs no action; which check it is of, ``run_checks`` adds to each."""
    return Finding("", Health.GOOD, message)


def doubtful(message: str, remedy: str) -> Finding:
    """Make a finding that a person should look at."""
    return Finding("", Health.DOUBTFUL, message, remedy)


def bad(message: str, remedy: str) -> Finding:
    """Make a finding of something that does not work."""
    return Finding("", Health.BAD, message, remedy)
