"""The page of ``confirma report``: HTML with everything in it, for screen and paper, light and dark."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from importlib import resources

from confirma_async.bulk.items import State
from confirma_async.bulk.reporting.summary import LATENCY_EDGES, Bar, Group, Summary, Total
from confirma_async.cli.output.printer import html as escape

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


def page(summary: Summary, name: str, made: datetime.datetime) -> str:
    """The whole page.

    Args:
        summary: The job in figures.
        name: What the job is called.
        made: Now, with the zone in which times are told.
    """
    zone = made.tzinfo
    parts = [
        f"<h1>Invoices of {escape(name)}</h1>",
        _origin(summary, made),
        _verdict(summary),
        _totals(summary.totals),
        _charts(summary, zone),
        _groups("Rejected by the service", "Correct these and retry the job.", summary.rejected),
        _groups(
            "Refused before sending",
            "They were not sent: correct them and run the job again.",
            summary.refused,
        ),
        _groups(
            "Unknown: may have arrived",
            "Run the job again to look them up, or record what you found out (confirma resolve).",
            summary.unknown,
        ),
    ]
    body = "\n".join(part for part in parts if part)
    style = resources.files("confirma_async.cli.output").joinpath("report.css").read_text(encoding="utf-8")
    return (
        f'{DOCTYPE}\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Invoices of {escape(name)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _origin(summary: Summary, made: datetime.datetime) -> str:
    lines = [f"As of {made:%Y-%m-%d %H:%M}"]
    if summary.target is not None:
        lines[0] += f", sent to {escape(summary.target)}"
    if summary.run is not None:
        named = [escape(_file_name(name)) for name in summary.run.inputs[:5]]
        more = len(summary.run.inputs) - len(named)
        if named:
            lines.append("From " + ", ".join(named) + (f" and {more} more files" if more else ""))
    if summary.retried:
        lines.append(f"Sent again after a rejection: {_count(summary.retried)}")
    if summary.resolved:
        lines.append(f"Decided by a person: {_count(summary.resolved)}")
    return "".join(f'<p class="quiet">{line}</p>' for line in lines)


def _file_name(place: str) -> str:
    """The file's own name, and the line where there is one: folders say nothing to who reads the page."""
    return place.rpartition("/")[2]


def _verdict(summary: Summary) -> str:
    counts = _by_state(summary.totals)
    unknown = counts.get(State.UNKNOWN, 0) + counts.get(State.SENDING, 0)
    waiting = counts.get(State.PENDING, 0) + counts.get(State.CLAIMED, 0) - summary.withheld
    count = summary.count - summary.withheld
    troubles = [
        f"{_count(number)} {words}"
        for number, words in (
            (counts.get(State.REJECTED, 0), "rejected"),
            (summary.refused_records, "refused before sending"),
            (unknown, "unknown"),
            (waiting, "not sent"),
        )
        if number
    ]
    # The refused are not among the count.
    which = "invoices that can be sent" if summary.refused_records else "invoices"
    accepted = f"{_count(counts.get(State.ACCEPTED, 0))} of {_count(count)} {which} were accepted"
    if summary.duplicates:
        accepted += f", {_count(summary.duplicates)} of them the service had already"
    kind = "good" if not troubles else "doubt" if unknown else "bad"
    rest = f"; {', '.join(troubles)}" if troubles else ", and nothing is left to do"
    return f'<p class="verdict {kind}"><span>{accepted}{rest}.</span></p>'


def _totals(totals: Mapping[tuple[State, str], Total]) -> str:
    if not totals:
        return ""
    rows = [
        f'<tr><td class="{_WORDS[state][1]}">{_WORDS[state][0]}</td><td>{escape(currency) or "none"}</td>'
        f'<td class="number">{_count(total.count)}</td><td class="number">{_amount(total)}</td></tr>'
        for state in _WORDS
        for (found, currency), total in totals.items()
        if found is state
    ]
    sums: dict[str, Total] = {}
    for (_, currency), total in totals.items():
        whole = sums.setdefault(currency, Total())
        whole.count += total.count
        whole.amount += total.amount
        whole.without_amount += total.without_amount
    feet = [
        f'<tr><td>All</td><td>{escape(currency) or "none"}</td><td class="number">{_count(whole.count)}</td>'
        f'<td class="number">{_amount(whole)}</td></tr>'
        for currency, whole in sums.items()
    ]
    return (
        "<h2>Totals</h2><table><thead><tr><th>State</th><th>Currency</th>"
        '<th class="number">Invoices</th><th class="number">Amount</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody><tfoot>{''.join(feet)}</tfoot></table>"
    )


def _groups(title: str, advice: str, groups: Sequence[Group]) -> str:
    if not groups:
        return ""
    shown = "".join(_group(group) for group in groups)
    return f'<section><h2>{title}</h2><p class="quiet">{advice}</p>{shown}</section>'


def _group(group: Group) -> str:
    example = f'<p class="quiet">{escape(group.example)}</p>' if group.example != group.title else ""
    return (
        f'<article class="group"><header><h3>{escape(group.title)}</h3><strong>{_count(group.count)}</strong>'
        f"</header>{example}{_numbers(group.named[:_AT_ONCE])}{_rest(group)}</article>"
    )


def _rest(group: Group) -> str:
    folded, unnamed = group.named[_AT_ONCE:], group.count - len(group.named)
    if not folded:
        return ""
    more = f'<p class="quiet">and {_count(unnamed)} more; confirma export lists them all</p>'
    return (
        f"<details><summary>{_count(group.count - _AT_ONCE)} more</summary>{_numbers(folded)}"
        f"{more if unnamed else ''}</details>"
    )


def _numbers(named: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f"<li>{escape(number) or 'without a number'} "
        f'<span class="quiet">{escape(_file_name(place))}</span></li>'
        for number, place in named
    )
    return f'<ul class="numbers">{items}</ul>'


def _charts(summary: Summary, zone: datetime.tzinfo | None) -> str:
    if summary.decided is None:
        return ""
    first, last = (datetime.datetime.fromtimestamp(moment, zone) for moment in summary.decided)
    told = f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}"
    charts = [_figure(f"Invoices decided per second, {told}", _throughput(summary.throughput, zone))]
    if summary.quantiles:
        shares = ", ".join(
            f"{share} % within {_seconds(value)}" for share, value in summary.quantiles.items()
        )
        charts.append(_figure(f"How long the service took to answer: {shares}", _latency(summary.latency)))
    return f'<h2>How it went</h2><div class="charts">{"".join(charts)}</div>'


def _figure(caption: str, chart: str) -> str:
    return f"<figure>{chart}<figcaption>{escape(caption)}</figcaption></figure>"


def _throughput(bars: Sequence[Bar], zone: datetime.tzinfo | None) -> str:
    rates = [bar.count / bar.seconds for bar in bars]
    ends = (bars[0].start, bars[-1].start + bars[-1].seconds)
    marks = [f"{datetime.datetime.fromtimestamp(moment, zone):%H:%M:%S}" for moment in ends]
    return _chart("Invoices decided per second over time", rates, marks)


def _latency(counts: Sequence[int]) -> str:
    used = max(index for index, count in enumerate(counts) if count) + 1
    names = [f"≤ {_seconds(edge)}" for edge in LATENCY_EDGES]
    names.append(f"> {_seconds(LATENCY_EDGES[-1])}")
    return _chart("Invoices by the time that the service took", counts[:used], names[:used])


_WIDTH, _HEIGHT, _FOOT, _HEAD = 480, 200, 24, 18


def _chart(title: str, values: Sequence[float], marks: Sequence[str]) -> str:
    """Bars over a base line; marks stand under each bar, or, if there are two, at both ends."""
    top, base, step = max(values) or 1.0, _HEIGHT - _FOOT, _WIDTH / len(values)
    bars = "".join(
        f'<rect x="{index * step + step * 0.1:.1f}" y="{base - _high(value, top):.1f}" '
        f'width="{step * 0.8:.1f}" height="{_high(value, top):.1f}"><title>{value:,.4g}</title></rect>'
        for index, value in enumerate(values)
    )
    below = _HEIGHT - 8
    if len(marks) == len(values) and len(values) != 2:
        texts = "".join(
            f'<text x="{(index + 0.5) * step:.1f}" y="{below}" text-anchor="middle">{escape(mark)}</text>'
            for index, mark in enumerate(marks)
        )
    else:
        texts = (
            f'<text x="0" y="{below}">{escape(marks[0])}</text>'
            f'<text x="{_WIDTH}" y="{below}" text-anchor="end">{escape(marks[-1])}</text>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<text x="0" y="12">{top:,.4g}</text><line x1="0" x2="{_WIDTH}" y1="{base}" y2="{base}"/>'
        f"{bars}{texts}</svg>"
    )


def _high(value: float, top: float) -> float:
    return value / top * (_HEIGHT - _FOOT - _HEAD)


def _by_state(totals: Mapping[tuple[State, str], Total]) -> dict[State, int]:
    counts: dict[State, int] = {}
    for (state, _), total in totals.items():
        counts[state] = counts.get(state, 0) + total.count
    return counts


def _amount(total: Total) -> str:
    if total.without_amount == total.count:
        return "not stated"
    stated = f"{total.amount:,.2f}".replace(",", "\u202f")
    rest = f'<br><span class="quiet">{_count(total.without_amount)} without one</span>'
    return stated + (rest if total.without_amount else "")


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:g} s"
