"""The page of ``confirma report``: what ``report.html.j2`` shows, in figures and sentences."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from confirma_async.bulk.models import State
from confirma_async.bulk.reporting.summary import LATENCY_EDGES, Bar, Summary, Total
from confirma_async.privacy import visible

DOCTYPE = "<!DOCTYPE html>"
"""How every page begins."""

_WORDS: Mapping[State, tuple[str, str]] = {
    State.ACCEPTED: ("Accepted", "good"),
    State.REJECTED: ("Rejected by the service", "bad"),
    State.UNKNOWN: ("Unknown: may have arrived", "doubt"),
    State.SENDING: ("Being sent", "doubt"),
    State.CLAIMED: ("Not sent yet", "plain"),
    State.PENDING: ("Not sent", "plain"),
}
"""Each state in a bookkeeper's words, and how it is coloured."""

_AT_ONCE = 12
"""Invoices of a group that show at once; the others unfold, and stand open on paper."""

_WIDTH, _HEIGHT, _FOOT, _HEAD = 480, 200, 24, 18


def page(summary: Summary, name: str, made: datetime.datetime) -> str:
    """Return the whole page: HTML with everything in it, for screen and paper, light and dark.

    Args:
        summary: The job in figures.
        name: What the job is called.
        made: Now, with the zone in which times are shown.
    """
    environment = Environment(
        loader=PackageLoader("confirma_async.cli", "output"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        keep_trailing_newline=True,
    )
    environment.filters |= {"count": _count, "amount": _amount, "file_name": _file_name}
    style = resources.files("confirma_async.cli.output").joinpath("report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        name=name,
        style=Markup(style),  # noqa: S704 (our own file)
        summary=summary,
        origin=_origin(summary, made),
        verdict=_verdict(summary),
        rows=_rows(summary.totals),
        sums=_sums(summary.totals),
        writes=_write_rows(summary.writes),
        charts=_charts(summary, made.tzinfo),
        at_once=_AT_ONCE,
    )


def _harmless(value: object) -> object:
    """Write control characters out in every text that is not HTML of our own."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _origin(summary: Summary, made: datetime.datetime) -> list[str]:
    lines = [f"As of {made:%Y-%m-%d %H:%M}"]
    if summary.target is not None:
        lines[0] += f", sent to {summary.target}"
    if summary.run is not None:
        named = [_file_name(name) for name in summary.run.inputs[:5]]
        more = len(summary.run.inputs) - len(named)
        if named:
            lines.append("From " + ", ".join(named) + (f" and {more} more files" if more else ""))
    if summary.retried:
        lines.append(f"Sent again after a rejection: {_count(summary.retried)}")
    if summary.resolved:
        lines.append(f"Decided by a person: {_count(summary.resolved)}")
    return lines


def _file_name(place: str) -> str:
    """Return the file's own name, with the line where there is one: folders say nothing to the reader."""
    return place.rpartition("/")[2]


def _verdict(summary: Summary) -> Mapping[str, str]:
    counts: dict[State, int] = {}
    for (state, _), total in summary.totals.items():
        counts[state] = counts.get(state, 0) + total.count
    unknown = counts.get(State.UNKNOWN, 0) + counts.get(State.SENDING, 0)
    waiting = counts.get(State.PENDING, 0) + counts.get(State.CLAIMED, 0) - summary.withheld
    left = [
        f"{_count(number)} {words}"
        for number, words in (
            (counts.get(State.REJECTED, 0), "rejected"),
            (summary.refused_records, "refused before sending"),
            (unknown, "unknown"),
            (waiting, "not sent"),
        )
        if number
    ]
    writes = Counter[State]()
    for (_, state), number in summary.writes.items():
        writes[state] += number
    not_taken = [(state, number) for state, number in writes.items() if state is not State.ACCEPTED]
    left += [f"of other writes, {_count(number)}: {_WORDS[state][0].lower()}" for state, number in not_taken]
    unknown += writes[State.UNKNOWN] + writes[State.SENDING]
    # The refused are not among the count.
    which = "invoices that can be sent" if summary.refused_records else "invoices"
    count = _count(summary.count - summary.withheld)
    accepted = f"{_count(counts.get(State.ACCEPTED, 0))} of {count} {which} were accepted"
    if summary.duplicates:
        accepted += f", {_count(summary.duplicates)} of them the service had already"
    rest = f"; {', '.join(left)}" if left else ", and nothing is left to do"
    return {"kind": "good" if not left else "doubt" if unknown else "bad", "text": f"{accepted}{rest}."}


@frozen
class _Row:
    """A row of the totals."""

    currency: str
    total: Total
    state: str = ""
    colour: str = ""


def _rows(totals: Mapping[tuple[State, str], Total]) -> list[_Row]:
    return [
        _Row(currency, total, *words)
        for state, words in _WORDS.items()
        for (found, currency), total in totals.items()
        if found is state
    ]


@frozen
class _WriteRow:
    """A row of the writes that are no invoices."""

    operation: str
    count: int
    state: str
    colour: str


def _write_rows(writes: Mapping[tuple[str, State], int]) -> list[_WriteRow]:
    return [
        _WriteRow(operation, count, *words)
        for state, words in _WORDS.items()
        for (operation, found), count in writes.items()
        if found is state
    ]


def _sums(totals: Mapping[tuple[State, str], Total]) -> list[_Row]:
    sums: dict[str, Total] = {}
    for (_, currency), total in totals.items():
        whole = sums.setdefault(currency, Total())
        whole.count += total.count
        whole.amount += total.amount
        whole.without_amount += total.without_amount
    return [_Row(currency, whole) for currency, whole in sums.items()]


def _charts(summary: Summary, zone: datetime.tzinfo | None) -> list[Mapping[str, Any]]:
    if summary.decided is None:
        return []
    first, last = (datetime.datetime.fromtimestamp(moment, zone) for moment in summary.decided)
    period = f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}"
    charts = [_throughput(summary.throughput, zone, f"Invoices decided per second, {period}")]
    if summary.quantiles:
        shares = ", ".join(
            f"{share} % within {_seconds(value)}" for share, value in summary.quantiles.items()
        )
        charts.append(_latency(summary.latency, f"How long the service took to answer: {shares}"))
    return charts


def _throughput(bars: Sequence[Bar], zone: datetime.tzinfo | None, caption: str) -> Mapping[str, Any]:
    rates = [bar.count / bar.seconds for bar in bars]
    ends = (bars[0].start, bars[-1].start + bars[-1].seconds)
    marks = [f"{datetime.datetime.fromtimestamp(moment, zone):%H:%M:%S}" for moment in ends]
    return _chart("Invoices decided per second over time", caption, rates, marks)


def _latency(counts: Sequence[int], caption: str) -> Mapping[str, Any]:
    used = max(index for index, count in enumerate(counts) if count) + 1
    names = [f"≤ {_seconds(edge)}" for edge in LATENCY_EDGES]
    names.append(f"> {_seconds(LATENCY_EDGES[-1])}")
    return _chart("Invoices by the time that the service took", caption, counts[:used], names[:used])


def _chart(title: str, caption: str, values: Sequence[float], marks: Sequence[str]) -> Mapping[str, Any]:
    """Lay out bars over a base line; marks stand under each bar, or, if there are two, at both ends."""
    top, base, step = max(values) or 1.0, _HEIGHT - _FOOT, _WIDTH / len(values)
    under_bars = len(marks) == len(values) and len(values) != 2
    middle: Callable[[int], str] = lambda index: f"{(index + 0.5) * step:.1f}"  # noqa: E731
    return {
        "title": title,
        "caption": caption,
        "width": _WIDTH,
        "height": _HEIGHT,
        "base": base,
        "top": f"{top:,.4g}",
        "bars": [
            {
                "x": f"{index * step + step * 0.1:.1f}",
                "y": f"{base - _high(value, top):.1f}",
                "width": f"{step * 0.8:.1f}",
                "height": f"{_high(value, top):.1f}",
                "value": f"{value:,.4g}",
            }
            for index, value in enumerate(values)
        ],
        "marks": [{"x": middle(index), "anchor": "middle", "text": mark} for index, mark in enumerate(marks)]
        if under_bars
        else [
            {"x": "0", "anchor": "start", "text": marks[0]},
            {"x": str(_WIDTH), "anchor": "end", "text": marks[-1]},
        ],
    }


def _high(value: float, top: float) -> float:
    return value / top * (_HEIGHT - _FOOT - _HEAD)


def _amount(total: Total) -> str:
    if total.without_amount == total.count:
        return "not stated"
    return f"{total.amount:,.2f}".replace(",", "\u202f")


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:g} s"
