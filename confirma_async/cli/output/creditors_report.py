"""The report of a job for many accounts, for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confirma_async.cli.errors.error_messages import explained
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_sayings, record_in_words, table
from confirma_async.cli.output.result import outcome_as_json, plan_as_json, print_issues, report_as_json
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.run_status.as_json import status_as_json
from confirma_async.cli.run_status.reading import RunStatus
from confirma_async.creditors import CreditorsPlan, CreditorsReport
from confirma_async.errors import ConfirmaError

_STANDING = ("accepted", "rejected", "refused", "unknown", "pending")


def show_creditors_report(report: CreditorsReport, target: str, *, as_json: bool) -> None:
    """Show what came of a job, account by account."""
    if as_json:
        accounts = {name: report_as_json(each) for name, each in report.accounts.items()}
        print_json({"target": target, "complete": report.complete, **_as_json(report, accounts)})
        return
    _show_counts(report)
    _show_endings(report)
    for name, reason in _reasons(report.failed).items():
        say(f"Failed: {name}: {reason}")
    again = "Run again, the same command sends nothing twice."
    say(again if report.complete else "Run the same command again to go on; nothing is sent twice.")


def _show_counts(report: CreditorsReport) -> None:
    console = Terminal()
    made = table("Result", "account", "accepted", "rejected", "refused", "unknown", "not sent", "run")
    for name, each in report.accounts.items():
        counts = (each.accepted, each.rejected, each.refused, each.unknown, each.pending)
        made.add_row(name, *map(str, counts), str(each.run))
    console.print(made)
    for name, each in report.accounts.items():
        if each.issues:
            say(f"Account {name}:")
            print_issues(console, each.issues)
    if report.issues:
        say(f"Of no account, and not sent: {report.refused}")
        print_issues(console, report.issues)


def _show_endings(report: CreditorsReport) -> None:
    for name, each in report.accounts.items():
        for warning in each.warnings:
            say(f"confirma: {name}: {warning}", err=True)
        if each.paused:
            say(f"Paused: {name}: {each.paused}")
        elif each.interrupted:
            say(f"Interrupted: {name}")


def show_creditors_plan(plan: CreditorsPlan, *, as_json: bool) -> None:
    """Show what is planned for workers, account by account."""
    if as_json:
        print_json(_as_json(plan, {name: plan_as_json(each) for name, each in plan.accounts.items()}))
        return
    console = Terminal()
    made = table("Planned", "account", "for workers", "decided before", "elsewhere", "refused", "run")
    for name, each in plan.accounts.items():
        counts = (each.planned, each.known, each.elsewhere, each.refusals, each.run)
        made.add_row(name, *map(str, counts))
    console.print(made)
    for name, each in plan.accounts.items():
        for warning in each.warnings:
            say(f"confirma: {name}: {warning}", err=True)
    _show_refused(console, plan)


def show_creditors_standing(plan: CreditorsPlan, found: Mapping[str, RunStatus], *, as_json: bool) -> None:
    """Show what workers have sent of what was planned, account by account.

    Args:
        plan: What was planned.
        found: How the run of each account stands.
        as_json: Whether it is printed for machines.
    """
    if as_json:
        print_json(_as_json(plan, {name: status_as_json(each) for name, each in found.items()}))
        return
    console = Terminal()
    made = table("Result", "account", *_STANDING, "run")
    for name, each in found.items():
        made.add_row(name, *(str(each.counts[state]) for state in _STANDING), str(plan.accounts[name].run))
    console.print(made)
    for name, each in found.items():
        said = [
            (record_in_words(row.source, str(row.key.number)), row.detail or "")
            for row in (*each.rejected, *each.unknown)
        ]
        print_sayings(console, f"Rejected or unknown: account {name}", said)
    _show_refused(console, plan)


def _as_json(found: CreditorsReport | CreditorsPlan, accounts: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "refused": found.refused,
        "issues": [outcome_as_json(outcome) for outcome in found.issues],
        "accounts": accounts,
        "failed": _reasons(found.failed),
    }


def _show_refused(console: Terminal, plan: CreditorsPlan) -> None:
    """Show what workers do not get, and why."""
    for name, each in plan.accounts.items():
        if each.refused:
            say(f"Account {name}:")
            print_issues(console, each.refused)
    if plan.issues:
        say(f"Of no account, and not planned: {plan.refused}")
        print_issues(console, plan.issues)
    for name, reason in _reasons(plan.failed).items():
        say(f"Failed: {name}: {reason}")


def _reasons(failed: Mapping[str, ConfirmaError]) -> Mapping[str, str]:
    return {name: explained(error).message for name, error in failed.items()}
