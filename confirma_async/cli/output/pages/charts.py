"""The charts of a report, as data for its template: drawn only where there is something to see."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confirma_async.bulk.reporting.pace import LATENCY_EDGES, Bar, Pace
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import count, moment, short

ENOUGH = 20
"""Invoices from which on their times say something."""

_ENOUGH_BARS = 3
_WIDTH, _HEIGHT, _FOOT, _HEAD = 480, 200, 24, 18


def charts(pace: Pace, zone: datetime.tzinfo | None) -> list[Mapping[str, Any]]:
    """Lay out the charts of a job.

    Args:
        pace: How fast it was.
        zone: The zone in which times are shown.
    """
    drawn: list[Mapping[str, Any]] = []
    if (
        pace.decided is not None
        and len(pace.throughput) >= _ENOUGH_BARS
        and sum(bar.count for bar in pace.throughput) >= ENOUGH
    ):
        first = datetime.datetime.fromtimestamp(pace.decided[0], zone)
        caption = _("Invoices decided per second, from {moment} on").format(moment=moment(first))
        drawn.append(_throughput(pace.throughput, zone, caption))
    if sum(pace.latency) >= ENOUGH:
        shares = ", ".join(
            _("{share} % within {time}").format(share=share, time=short(value))
            for share, value in pace.quantiles.items()
        )
        drawn.append(
            _latency(pace.latency, _("How long the service took to answer: {shares}").format(shares=shares))
        )
    return drawn


def _throughput(bars: Sequence[Bar], zone: datetime.tzinfo | None, caption: str) -> Mapping[str, Any]:
    rates = [bar.count / bar.seconds for bar in bars]
    ends = (bars[0].start, bars[-1].start + bars[-1].seconds)
    marks = [f"{datetime.datetime.fromtimestamp(moment, zone):%H:%M:%S}" for moment in ends]
    return _chart(_("Invoices decided per second over time"), caption, rates, marks)


def _latency(counts: Sequence[int], caption: str) -> Mapping[str, Any]:
    used = max(index for index, count in enumerate(counts) if count) + 1
    names = [f"≤ {short(edge)}" for edge in LATENCY_EDGES]
    names.append(f"> {short(LATENCY_EDGES[-1])}")
    return _chart(_("Invoices by the time that the service took"), caption, counts[:used], names[:used])


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
        "top": _figure(top),
        "bars": [
            {
                "x": f"{index * step + step * 0.1:.1f}",
                "y": f"{base - _high(value, top):.1f}",
                "width": f"{step * 0.8:.1f}",
                "height": f"{_high(value, top):.1f}",
                "value": _figure(value),
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


def _figure(value: float) -> str:
    return count(round(value)) if value >= 100 or value == round(value) else f"{value:.3g}"


def _high(value: float, top: float) -> float:
    return value / top * (_HEIGHT - _FOOT - _HEAD)
