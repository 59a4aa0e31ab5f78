"""The page of ``confirma reconcile``: HTML with everything in it, for screen and paper, light and dark."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import resources
from typing import Any, cast

import markupsafe

from confirma_async.cli.output.report_page import DOCTYPE
from confirma_async.mirror.reconciliation.kinds import DIFFERENCES, Difference, Kind
from confirma_async.mirror.reconciliation.report import Age, Month, Reconciliation
from confirma_async.redaction import visible

SHOWN = 50
"""Differences of a kind that stand on the page; --csv has them all."""

_SERIES: Sequence[tuple[str, str]] = (
    ("open", "Open at the end of the month"),
    ("overdue", "Of that, older than 30 days"),
    ("collected", "Collected"),
    ("paid_out", "Paid out"),
)
"""What the charts show: an attribute of ``Month``, and its caption."""

_STYLES = ("report.css", "reconciliation.css")


def escape(text: str) -> str:
    """Write a text within a page of HTML; nothing in it drives the page."""
    return str(markupsafe.escape(visible(text)))


def page(found: Reconciliation, made: datetime.datetime) -> str:
    """Return the whole page.

    Args:
        found: What came of the reconciliation.
        made: Now, with the zone in which times are told.
    """
    title = f"Reconciliation of account {escape(found.account)}"
    parts = [
        f"<h1>{title}</h1>",
        _origin(found, made),
        _verdict(found),
        _totals(found),
        *(_charts(found, currency) for currency in sorted({month.currency for month in found.months})),
        _ageing(found.ageing),
        *(_kind(kind, [each for each in found.differences if each.kind is kind]) for kind in DIFFERENCES),
    ]
    folder = resources.files("confirma_async.cli.output")
    style = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _STYLES)
    body = "\n".join(part for part in parts if part)
    return (
        f'{DOCTYPE}\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _origin(found: Reconciliation, made: datetime.datetime) -> str:
    synced = "never" if found.synced_at is None else found.synced_at[:16].replace("T", " ") + " UTC"
    horizons = found.horizons
    lines = (
        f"As of {made:%Y-%m-%d %H:%M}, {escape(found.target)}; the mirror was brought up to date at {synced}",
        f"Expected within {horizons.listed} days: an invoice in the lists",
        f"Expected within {horizons.settled} banking days: a payment in a settlement",
    )
    return "".join(f'<p class="quiet">{line}</p>' for line in lines)


def _verdict(found: Reconciliation) -> str:
    if found.settled:
        rest = "each of them explained" if found.differences else "and everything agrees to the cent"
        return (
            f'<p class="verdict good"><span>{_count(len(found.differences))} differences, {rest}.</span></p>'
        )
    told = [f"{_count(len(found.open))} differences are not explained"] if found.open else []
    if found.not_checked:
        told.append(f"{_count(found.not_checked)} could not be checked, because a list is not proved")
    kind = "bad" if found.open else "doubt"
    return f'<p class="verdict {kind}"><span>{"; ".join(told)}.</span></p>'


def _totals(found: Reconciliation) -> str:
    if not found.totals:
        return ""
    rows = "".join(
        f"<tr><td>{total.what.capitalize()}</td>"
        f'<td class="{_COLOURS.get(total.kind, "bad")}">{total.kind.value}</td>'
        f"<td>{escape(total.currency)}</td><td>{escape(total.seller)}</td>"
        f'<td class="number">{_count(total.count)}</td><td class="number">{_money(total.cents)}</td></tr>'
        for total in found.totals
    )
    return (
        "<h2>Totals</h2><table><thead><tr><th></th><th>Standing</th><th>Currency</th><th>Seller</th>"
        '<th class="number">Count</th><th class="number">Amount</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


_COLOURS: Mapping[Kind, str] = {
    Kind.MATCHED: "good",
    Kind.CREDITED: "plain",
    Kind.PENDING: "plain",
    Kind.NOT_CHECKED: "doubt",
}


def _charts(found: Reconciliation, currency: str) -> str:
    months = [month for month in found.months if month.currency == currency]
    figures = "".join(
        f"<figure>{_chart(caption, months, name)}"
        f"<figcaption>{caption}, {escape(currency)}</figcaption></figure>"
        for name, caption in _SERIES
        if any(getattr(month, name) for month in months)
    )
    return f'<h2>Over time, {escape(currency)}</h2><div class="charts">{figures}</div>' if figures else ""


_WIDTH, _HEIGHT, _FOOT, _HEAD = 480, 200, 24, 18


def _chart(caption: str, months: Sequence[Month], name: str) -> str:
    """Bars by month over a base line."""
    values: list[int] = [getattr(month, name) for month in months]
    top, base, step = max(*values, 1), _HEIGHT - _FOOT, _WIDTH / len(values)
    bars: list[str] = []
    for place, (month, value) in enumerate(zip(months, values, strict=True)):
        high = max(0, value) / top * (base - _HEAD)
        bars.append(
            f'<rect x="{place * step + step * 0.1:.1f}" y="{base - high:.1f}" width="{step * 0.8:.1f}" '
            f'height="{high:.1f}"><title>{month.month}: {_money(value)}</title></rect>'
            f'<text x="{(place + 0.5) * step:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">'
            f"{month.month[5:]}</text>"
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(caption)}">'
        f'<text x="0" y="12">{_money(top)}</text><line x1="0" x2="{_WIDTH}" y1="{base}" y2="{base}"/>'
        f"{''.join(bars)}</svg>"
    )


def _ageing(ages: Sequence[Age]) -> str:
    if not ages:
        return ""
    rows = "".join(
        f"<tr><td>{_age(age)}</td><td>{escape(age.currency)}</td>"
        f'<td class="number">{_count(age.count)}</td><td class="number">{_money(age.cents)}</td></tr>'
        for age in ages
    )
    return (
        '<h2>Ageing of receivables</h2><p class="quiet">What is open on cases, by days since the date of the '
        "invoice: the lists of the service name no due date.</p>"
        '<table><thead><tr><th>Age</th><th>Currency</th><th class="number">Cases</th>'
        f'<th class="number">Open</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _age(age: Age) -> str:
    return "older" if age.until is None else f"up to {age.until} days"


def _kind(kind: Kind, differences: Sequence[Difference]) -> str:
    if not differences:
        return ""
    shown = "".join(map(_difference, differences[:SHOWN]))
    more = len(differences) - SHOWN
    rest = (
        f'<p class="quiet">and {_count(more)} more; confirma reconcile --csv lists them all</p>'
        if more > 0
        else ""
    )
    title = f"{kind.value[:1].upper()}{kind.value[1:]}"
    return f"<section><h2>{title}: {_count(len(differences))}</h2>{shown}{rest}</section>"


def _difference(each: Difference) -> str:
    amount = "" if each.cents is None else f"{_money(each.cents)} {escape(each.currency)}"
    note = "" if each.note is None else f'<p class="note">Explained: {escape(each.note)}</p>'
    return (
        f'<article class="difference"><header><strong>{escape(each.subject)}</strong>'
        f'<strong>{amount}</strong></header><p class="quiet">{escape(each.day)} · {escape(each.id)} · '
        f'known since {escape(each.first_seen[:10])}</p>{note}<div class="sides">{_side("Ours", each.ours)}'
        f"{_side('Theirs', each.theirs)}</div></article>"
    )


def _side(title: str, told: Mapping[str, Any]) -> str:
    known = [(name, value) for name, value in told.items() if value not in (None, "", [])]
    facts = "".join(
        f"<dt>{escape(_name(name))}</dt><dd>{escape(_told(name, value))}</dd>" for name, value in known
    )
    return f"<div><strong>{title}</strong>{f'<dl>{facts}</dl>' if facts else '<p>nothing</p>'}</div>"


def _name(name: str) -> str:
    return name.removesuffix("_cents").replace("_", " ")


def _told(name: str, value: object) -> str:
    if name.endswith("_cents") and isinstance(value, int):
        return _money(value)
    return ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)


def _money(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):,.2f}".replace(",", "\u202f")


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
