"""Prints how answers differ from the contract."""

from __future__ import annotations

from confirma_async.account import Account
from confirma_async.cli.output.printer import say

_MOST = 5
"""The greatest number of differences to print."""


def print_drift(confirma: Account) -> None:
    """Print on standard error how the answers differed from the contract."""
    lines = [f"{operation}: {drift}" for operation, found in confirma.drift.items() for drift in found]
    if not lines:
        return
    say("confirma: not as the contract says, and read as far as it is:", err=True)
    for line in lines[:_MOST]:
        say(f"  {line}", err=True)
    if len(lines) > _MOST:
        say(f"  and {len(lines) - _MOST} more", err=True)
