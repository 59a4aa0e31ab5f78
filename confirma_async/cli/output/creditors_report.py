"""Prints the reports of jobs for many accounts, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from confirma_async.bulk import Outcome, Report
from confirma_async.cli.errors.error_messages import explained, failed_in_words
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import count, plain
from confirma_async.cli.language.messages import translated
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_table, table
from confirma_async.cli.output.result import outcome_as_json, plan_as_json, print_issues, report_as_json
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.run_status.as_json import status_as_json
from confirma_async.cli.run_status.reading import RunStatus
from confirma_async.cli.run_status.words import print_undecided
from confirma_async.creditors import CreditorsPlan, CreditorsReport

if TYPE_CHECKING:  # asked for only where the extra ``postgres`` is installed
    from confirma_async.bulk.machines.planner import PlannedJob

_AccountRow: TypeAlias = tuple[str, Sequence[int], int]
"""An account, how many invoices stand where, and the number of its run."""

_STANDING = ("accepted", "rejected", "refused", "unknown", "pending")


def show_creditors_report(report: CreditorsReport, target: str, *, as_json: bool) -> None:
    """Print the report of a job for each account."""
    if as_json:
        accounts = {name: report_as_json(each) for name, each in report.accounts.items()}
        print_json({"target": target, "complete": report.complete, **_as_json(report, accounts)})
        return
    _print_standings(
        (name, [getattr(each, state) for state in _STANDING], each.run)
        for name, each in report.accounts.items()
    )
    _print_issues(report, {name: each.issues for name, each in report.accounts.items()})
    warn_of(report.accounts)
    for name, each in report.accounts.items():
        if each.paused:
            say(f"{name}: {_('Paused: {reason}').format(reason=translated(each.paused))}")
        elif each.interrupted:
            say(f"{name}: {_('Interrupted.')}")
    _print_failed(report)
    if report.complete:
        say(_("Given again, the same command sends nothing twice."))
    else:
        say(_("Give the same command again to go on; it sends nothing twice."))


def show_creditors_plan(plan: CreditorsPlan, *, as_json: bool) -> None:
    """Print for each account what is planned for workers."""
    if as_json:
        print_json(_as_json(plan, {name: plan_as_json(each) for name, each in plan.accounts.items()}))
        return
    headings = (
        _("Planned for workers"),
        _("Decided in an earlier run"),
        _("In the hands of another run"),
        _("Refused"),
    )
    _print_counts(
        _("Planned"),
        headings,
        (
            (name, (each.planned, each.known, each.elsewhere, each.refusals), each.run)
            for name, each in plan.accounts.items()
        ),
    )
    warn_of(plan.accounts)
    _print_refused(plan)


def show_creditors_standing(plan: CreditorsPlan, found: Mapping[str, RunStatus], *, as_json: bool) -> None:
    """Print for each account what workers have sent of its planned invoices.

    Args:
        plan: What was planned.
        found: The status of each account's run.
        as_json: Whether to print JSON for machines.
    """
    if as_json:
        print_json(_as_json(plan, {name: status_as_json(each) for name, each in found.items()}))
        return
    _print_standings(
        (name, [each.counts[state] for state in _STANDING], plan.accounts[name].run)
        for name, each in found.items()
    )
    for name, each in found.items():
        if each.rejected or each.unknown:
            _print_account(name)
            print_undecided(Terminal(), each)
    _print_refused(plan)


def warn_of(accounts: Mapping[str, Report | PlannedJob]) -> None:
    """Say on standard error what is odd about the journal of an account."""
    for name, each in accounts.items():
        for warning in each.warnings:
            say(f"confirma: {name}: {translated(warning)}", err=True)


def _as_json(found: CreditorsReport | CreditorsPlan, accounts: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "refused": found.refused,
        "issues": [outcome_as_json(outcome) for outcome in found.issues],
        "accounts": accounts,
        "failed": {name: explained(error).message for name, error in found.failed.items()},
    }


def _print_standings(rows: Iterable[_AccountRow]) -> None:
    headings = (_("Accepted"), _("Rejected"), _("Refused"), _("Unknown"), _("Not sent"))
    _print_counts(_("Result"), headings, rows)


def _print_counts(title: str, headings: Sequence[str], rows: Iterable[_AccountRow]) -> None:
    cells = [[name, *(plain(count(number)) for number in numbers), str(run)] for name, numbers, run in rows]
    print_table(Terminal(), table(title, _("Account"), *headings, _("Run")), cells)


def _print_account(name: str) -> None:
    say(f"{_('Account {name}').format(name=name)}:")


def _print_refused(plan: CreditorsPlan) -> None:
    """Print what was not planned, and why."""
    _print_issues(plan, {name: each.refused for name, each in plan.accounts.items()})
    _print_failed(plan)


def _print_issues(
    found: CreditorsReport | CreditorsPlan, by_account: Mapping[str, Sequence[Outcome]]
) -> None:
    """Show what needs attention, account by account, and what is of none of them."""
    console = Terminal()
    for name, issues in by_account.items():
        if issues:
            _print_account(name)
            print_issues(console, issues)
    if found.issues:
        say(_("Of no account, and not sent: {count}").format(count=plain(count(found.refused))))
        print_issues(console, found.issues)


def _print_failed(found: CreditorsReport | CreditorsPlan) -> None:
    for name, error in found.failed.items():
        say(f"{name}: {failed_in_words(error)}")
