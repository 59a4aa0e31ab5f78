"""``confirma reconcile`` and ``confirma explain``: compare the money to the cent, and explain differences."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from attrs import asdict, fields, frozen

from confirma_async.bulk.journal_places import JournalPlace
from confirma_async.cli import options
from confirma_async.cli.commands.mirror.place import (
    account_name,
    db as db_option,
    journal_files,
    mirrored,
    own_journals,
)
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.options.attributes import OptionOf, object_of
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_result, print_rows, table
from confirma_async.cli.output.tables import Layout, as_list, print_csv, text
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.output.workbook import Sheets, write_workbook
from confirma_async.mirror.journals import last_read
from confirma_async.mirror.reconciliation.keeping import explain as explained, reconcile as reconciled
from confirma_async.mirror.reconciliation.kinds import DIFFERENCES, Difference, Horizons
from confirma_async.mirror.reconciliation.report import Reconciliation, ReconciliationTotal

_COLUMNS: Mapping[str, Callable[[Difference], object]] = {
    "id": lambda each: each.id,
    "kind": lambda each: each.kind.value,
    "subject": lambda each: each.subject,
    "amount": lambda each: _amount(each.cents),
    "currency": lambda each: each.currency,
    "day": lambda each: each.day,
    "seller": lambda each: each.seller,
    "note": lambda each: each.note,
    "first_seen": lambda each: each.first_seen,
    "ours": lambda each: side(each.ours),
    "theirs": lambda each: side(each.theirs),
}
"""The columns of a difference, and how each is read."""

_OF_TOTAL: Mapping[str, Callable[[ReconciliationTotal], object]] = {
    "what": lambda total: total.what,
    "kind": lambda total: total.kind.value,
    "currency": lambda total: total.currency,
    "seller": lambda total: total.seller,
    "count": lambda total: total.count,
    "amount": lambda total: total.amount,
}
"""The columns of a total, and how each is read."""


@frozen(kw_only=True)
class _ReconcileOutput:
    """The forms of the result.

    Attributes:
        layout: The form in which to print it.
        html: The page to write as well; None to write none.
        xlsx: The Excel file to write as well; None to write none.
    """

    layout: Layout
    html: Path | None
    xlsx: Path | None


@click.command(short_help="Compare what was sent with what was paid and settled, to the cent.")
@db_option
@journal_files
@account_name
@object_of(
    "horizons",
    Horizons,
    OptionOf(fields(Horizons).listed_days, "Days until the service lists an invoice.", "DAYS"),
    OptionOf(
        fields(Horizons).settled_banking_days,
        "Banking days until a payment is paid out.",
        "DAYS",
    ),
)
@bundle(
    "output",
    _ReconcileOutput,
    click.option(
        "--html",
        type=options.FILE,
        help="Write a page for a bookkeeper as well: charts, ageing, each difference with both sides.",
    ),
    click.option("--xlsx", type=options.FILE, help="Write an Excel file as well."),
    as_list,
)
def reconcile(
    db: str | None,
    journals: tuple[JournalPlace, ...],
    account: str | None,
    horizons: Horizons,
    output: _ReconcileOutput,
) -> Exit:
    """Compare what the journals sent with what the mirror holds, to the cent.

    It calls nothing: confirma mirror sync brings the mirror up to date. What a list that is not proved would
    tell is not checked, and never taken for matched.

    \b
    Exit codes beside those of every command:
      0    everything agrees, or is explained
      3    there are differences that nobody has explained, or something could not be checked or
           is not proved

    \b
    Examples:
      confirma reconcile
      confirma reconcile --html reconciliation.html --csv > differences.csv
    """
    # Late, so that explain, which stands beside it, does not load what only pages need.
    if output.html is not None:
        from confirma_async.cli.commands.jobs.report import refuse_another_file

        refuse_another_file(output.html)
    if output.xlsx is not None:
        _refuse_another_workbook(output.xlsx)
    now = datetime.datetime.now(datetime.UTC)
    with mirrored(db, account) as (database, mine):
        read = journals or own_journals(mine)
        unread = not read and last_read(database, mine) is None
        found = reconciled(database, mine, read, horizons, now)
    if output.html is not None:
        from confirma_async.cli.output.pages.reconciliation import page

        output.html.write_text(page(found, now.astimezone()), encoding="utf-8")
    if output.xlsx is not None:
        write_workbook(output.xlsx, _sheets(found))
    match output.layout:
        case Layout.CSV | Layout.EXCEL:
            print_csv([*_COLUMNS], _rows(found.differences), for_excel=output.layout is Layout.EXCEL)
        case Layout.JSON:
            print_json(as_json(found))
        case Layout.TABLE:
            _show(found, output)
    if unread:
        say(
            f"No journal of the account {mine.name} is here, so that nothing was compared with what was "
            "sent; name it: --journal FILE, or --journal postgresql://HOST/DATABASE",
            err=True,
        )
    return Exit.ACCEPTED if found.is_reconciled and not unread else Exit.PAUSED


@click.command(short_help="Say why a difference of the reconciliation is as it should be.")
@click.argument("difference")
@click.option("--note", required=True, help="Why; whoever reads the reconciliation sees it.")
@db_option
@account_name
@options.as_json
def explain(difference: str, note: str, db: str | None, account: str | None, as_json: bool) -> None:
    """Say why a difference is as it should be. It holds as long as what differs does not change.

    \b
    Example:
      confirma explain d-0f8fad5bd9cb469f --note "paid in cash"
    """
    if not note.strip():
        raise click.BadParameter("it is empty; say why", param_hint="--note")
    with mirrored(db, account) as (database, mine):
        explained(database, mine, difference, note, datetime.datetime.now(datetime.UTC))
    print_result(f"{difference} is explained", {"id": difference, "note": note}, as_json=as_json)


def as_json(found: Reconciliation) -> dict[str, Any]:
    """Return a reconciliation as JSON; the ids of differences are the same every day."""
    return {
        "account": found.account,
        "target": found.target,
        "made_at": found.made_at.isoformat(),
        "synced_at": found.synced_at,
        "horizons": asdict(found.horizons),
        "settled": found.is_reconciled,
        "not_checked": found.not_checked,
        "unproved": list(found.unproved),
        "open": len(found.open),
        "totals": [dict(zip(_OF_TOTAL, row, strict=True)) for row in _totals(found)],
        "differences": [
            dict(zip(_COLUMNS, row, strict=True)) | {"ours": each.ours, "theirs": each.theirs}
            for each, row in zip(found.differences, _rows(found.differences), strict=True)
        ],
        "closed": list(found.closed),
    }


def _totals(found: Reconciliation) -> list[list[object]]:
    return [[of(total) for of in _OF_TOTAL.values()] for total in found.totals]


def _amount(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)


def _rows(differences: Sequence[Difference]) -> Iterator[list[object]]:
    for each in differences:
        yield [of(each) for of in _COLUMNS.values()]


def side(values: Any) -> str:
    """Return the names and values of one side of a difference, in one line."""
    return ", ".join(
        f"{name} {_said(name, value)}" for name, value in values.items() if value not in (None, "", [])
    )


def _said(name: str, value: object) -> str:
    return text(_amount(value)) if name.endswith("_cents") and isinstance(value, int) else str(value)


def _sheets(found: Reconciliation) -> Sheets:
    return {
        "Totals": ([*_OF_TOTAL], _totals(found)),
        "Differences": ([*_COLUMNS], list(_rows(found.differences))),
    }


def _show(found: Reconciliation, output: _ReconcileOutput) -> None:
    console = Terminal(highlight=False)
    made = table(f"Account {found.account}", "", "Standing", "Currency", "Seller")
    made.add_column("count", justify="right")
    made.add_column("amount", justify="right")
    for row in _totals(found):
        made.add_row(*map(text, row))
    console.print(made)
    for kind in DIFFERENCES:
        here = [each for each in found.differences if each.kind is kind]
        if here:
            title = f"{kind.value[:1].upper()}{kind.value[1:]}"
            rows = (
                (each.subject, text(_amount(each.cents)), each.currency, each.note or "", each.id)
                for each in here
            )
            print_rows(console, table(title, "About", "Amount", "", "Explained", "Name"), rows, len(here))
    say(_in_words(found))
    for name in filter(None, (output.html, output.xlsx)):
        say(f"Written: {name}")


def _in_words(found: Reconciliation) -> str:
    parts = [f"{len(found.open)} open of {len(found.differences)} differences"]
    if found.not_checked:
        parts.append(f"{found.not_checked} not checked: a list is not proved, or an amount not readable")
    if found.unproved:
        more = f" and {len(found.unproved) - 1} more" if len(found.unproved) > 1 else ""
        parts.append(f"not proved: {found.unproved[0]}{more}: confirma mirror sync")
    if found.closed:
        parts.append(f"{len(found.closed)} of before are none any more")
    listed, settled = found.horizons.listed_days, found.horizons.settled_banking_days
    horizons = f"listed within {listed} days, settled within {settled} banking days"
    return f"{'; '.join(parts)} ({horizons})."


def _refuse_another_workbook(target: Path) -> None:
    """Raise an error if the Excel file would replace a file of another kind."""
    if target.is_file():
        with target.open("rb") as file:
            start = file.read(2)
        if start not in {b"", b"PK"}:
            raise click.BadParameter(
                f"{target} is no Excel file, and is left alone; name another file", param_hint="--xlsx"
            )
