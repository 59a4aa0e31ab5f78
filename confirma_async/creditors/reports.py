"""What came of a job for many accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from confirma_async.bulk import Outcome, Report
from confirma_async.errors import ConfirmaError

if TYPE_CHECKING:  # asked for only where the extra ``postgres`` is installed
    from confirma_async.bulk.machines.planner import PlannedJob


@frozen(kw_only=True)
class CreditorsReport:
    """The result of a job that sent the invoices of many sellers, each under the key of its account.

    Attributes:
        accounts: The report of each account that had invoices, by name.
        failed: The errors of the jobs that broke off, by account. Nothing more was sent for that account; run
            the job again.
        refused: How many records are of no account: they cannot be read, or no profile names their seller.
        issues: The outcomes of these records, at most a thousand.
    """

    accounts: Mapping[str, Report]
    failed: Mapping[str, ConfirmaError]
    refused: int = 0
    issues: Sequence[Outcome] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do for any account."""
        return not self.failed and all(report.complete for report in self.accounts.values())


@frozen(kw_only=True)
class CreditorsPlan:
    """What is planned for workers of many accounts.

    Attributes:
        accounts: The plan of each account that had invoices, by name.
        failed: The errors of the plans that broke off, by account; plan again.
        refused: How many records are of no account.
        issues: The outcomes of these records, at most a thousand.
    """

    accounts: Mapping[str, PlannedJob]
    failed: Mapping[str, ConfirmaError]
    refused: int = 0
    issues: Sequence[Outcome] = ()
