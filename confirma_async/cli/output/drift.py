"""What is said of answers that are not as the contract says."""

from __future__ import annotations

from confirma_async.account import Account
from confirma_async.cli.output.printer import say

_MOST = 5
"""Differences that are told one by one."""


def tell_drift(confirma: Account) -> None:
    """Say on standard error how the answers to a command differed from the contract."""
    told = [f"{operation}: {drift}" for operation, found in confirma.drift.items() for drift in found]
    if not told:
        return
    say("confirma: not as the contract says, and read as far as it is:", err=True)
    for line in told[:_MOST]:
        say(f"  {line}", err=True)
    if len(told) > _MOST:
        say(f"  and {len(told) - _MOST} more", err=True)
