"""Makes the page of ``confirma reconcile``: the values for ``reconciliation.html.j2``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from confirma_async.cli.output.pages.charts import laid_out
from confirma_async.cli.output.pages.rendering import rendered
from confirma_async.mirror.reconciliation.kinds import DIFFERENCES, Difference, DifferenceKind
from confirma_async.mirror.reconciliation.report import Month, Reconciliation

SHOWN = 50
"""The greatest number of differences of one kind on the page; --csv has all."""

_SERIES: Mapping[str, str] = {
    "open": "Open at the end of the month",
    "overdue": "Of that, older than 30 days",
    "collected": "Collected",
    "paid_out": "Paid out",
}
"""The attributes of ``Month`` that the charts show, with their captions."""

_COLOURS: Mapping[DifferenceKind, str] = {
    DifferenceKind.MATCHED: "good",
    DifferenceKind.CREDITED: "plain",
    DifferenceKind.PENDING: "plain",
    DifferenceKind.NOT_CHECKED: "doubt",
}
"""The colours of results that are no differences."""


def page(found: Reconciliation, made: datetime.datetime) -> str:
    """Return the page as one HTML file that needs no others, for screen and paper, light and dark.

    Args:
        found: The reconciliation to show.
        made: The present moment, in the time zone in which to show times.
    """
    values = {
        "found": found,
        "origin": _origin(found, made),
        "verdict": _verdict(found),
        "colours": _COLOURS,
        "charts": _charts(found),
        "kinds": _kinds(found.differences),
        "shown": SHOWN,
    }
    return rendered(
        "reconciliation.html.j2",
        values,
        styles=["report.css", "reconciliation.css"],
        filters={"count": _count, "money": _money, "filled_values": _filled_values},
    )


def _origin(found: Reconciliation, made: datetime.datetime) -> Sequence[str]:
    synced = "never" if found.synced_at is None else f"{found.synced_at[:16].replace('T', ' ')} UTC"
    horizons = found.horizons
    return (
        f"As of {made:%Y-%m-%d %H:%M}, {found.target}; the mirror was brought up to date at {synced}",
        f"Expected within {horizons.listed_days} days: an invoice in the lists",
        f"Expected within {horizons.settled_banking_days} banking days: a payment in a settlement",
    )


def _verdict(found: Reconciliation) -> Mapping[str, str]:
    if found.is_reconciled:
        rest = "each of them explained" if found.differences else "and everything agrees to the cent"
        return {"kind": "good", "text": f"{_count(len(found.differences))} differences, {rest}."}
    parts = [f"{_count(len(found.open))} differences are not explained"] if found.open else []
    if found.not_checked:
        parts.append(f"{_count(found.not_checked)} could not be checked")
    if found.unproved:
        parts.append(f"{_count(len(found.unproved))} periods of lists are not proved")
    return {"kind": "bad" if found.open else "doubt", "text": f"{'; '.join(parts)}."}


def _charts(found: Reconciliation) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the charts by currency; one without charts is left out."""
    charts: list[tuple[str, list[Mapping[str, Any]]]] = []
    for currency in sorted({month.currency for month in found.months}):
        months = [month for month in found.months if month.currency == currency]
        drawn = [
            _chart(f"{caption}, {currency}", months, name)
            for name, caption in _SERIES.items()
            if any(getattr(month, name) for month in months)
        ]
        if drawn:
            charts.append((currency, drawn))
    return charts


def _chart(caption: str, months: Sequence[Month], name: str) -> Mapping[str, Any]:
    """Return a chart with a bar for each month."""
    drawn = laid_out([getattr(month, name) for month in months])
    bars = [{**bar, "month": month.month} for bar, month in zip(drawn["bars"], months, strict=True)]
    return {**drawn, "caption": caption, "bars": bars}


def _kinds(differences: Sequence[Difference]) -> list[tuple[str, list[Difference]]]:
    """Return the differences by kind, each kind with its title."""
    kinds = [(kind, [each for each in differences if each.kind is kind]) for kind in DIFFERENCES]
    return [(f"{kind.value[:1].upper()}{kind.value[1:]}", here) for kind, here in kinds if here]


def _filled_values(side: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names and values of one side that are not empty."""
    return [
        (name.removesuffix("_cents").replace("_", " "), _value(name, value))
        for name, value in side.items()
        if value not in (None, "", [])
    ]


def _value(name: str, value: object) -> str:
    if name.endswith("_cents") and isinstance(value, int):
        return _money(value)
    return ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)


def _money(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):,.2f}".replace(",", "\u202f")


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
