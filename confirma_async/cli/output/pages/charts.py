"""Computes the charts of a page for its template; a chart with too few values is left out."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from confirma_async.bulk.reporting.timing import LATENCY_EDGES, Timing
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import count, moment, short

ENOUGH = 20
"""The least number of invoices for a chart of their times."""

_ENOUGH_BARS = 3
_WIDTH, _HEIGHT, _FOOT, _HEAD = 480, 200, 24, 18


def charts(timing: Timing, zone: datetime.tzinfo | None) -> list[Mapping[str, Any]]:
    """Return the charts of a job.

    Args:
        timing: When its invoices were decided, and how long the service took to answer.
        zone: The time zone in which to show times.
    """
    drawn: list[Mapping[str, Any]] = []
    bars = timing.throughput
    if timing.decided is not None and len(bars) >= _ENOUGH_BARS and sum(bar.count for bar in bars) >= ENOUGH:
        first, *ends = (
            datetime.datetime.fromtimestamp(seconds, zone)
            for seconds in (timing.decided[0], bars[0].start, bars[-1].start + bars[-1].seconds)
        )
        title = _("Invoices decided per second over time")
        caption = _("Invoices decided per second, from {moment} on").format(moment=moment(first))
        rates = [bar.count / bar.seconds for bar in bars]
        drawn.append(_chart(title, caption, rates, [f"{end:%H:%M:%S}" for end in ends]))
    if sum(timing.latency) >= ENOUGH:
        shares = ", ".join(
            _("{share} % within {time}").format(share=share, time=short(value))
            for share, value in timing.quantiles.items()
        )
        title = _("Invoices by the time that the service took")
        caption = _("How long the service took to answer: {shares}").format(shares=shares)
        used = max(index for index, count in enumerate(timing.latency) if count) + 1
        names = [*(f"≤ {short(edge)}" for edge in LATENCY_EDGES), f"> {short(LATENCY_EDGES[-1])}"]
        drawn.append(_chart(title, caption, timing.latency[:used], names[:used]))
    return drawn


def _chart(title: str, caption: str, values: Sequence[float], labels: Sequence[str]) -> Mapping[str, Any]:
    """Return a chart; there is a label under each bar, or, if there are two labels, one at each end."""
    drawn = laid_out(values)
    places = [(bar["middle"], "middle") for bar in drawn["bars"]]
    if len(labels) == 2:
        places = [("0", "start"), (str(_WIDTH), "end")]
    placed = [(*place, label) for place, label in zip(places, labels, strict=True)]
    return {**drawn, "title": title, "caption": caption, "labels": placed}


def laid_out(values: Sequence[float]) -> Mapping[str, Any]:
    """Return the places and sizes of bars over a base line; a value below zero has no height."""
    top, base, step = max(0, *values) or 1, _HEIGHT - _FOOT, _WIDTH / len(values)
    bars: list[Mapping[str, Any]] = []
    for place, value in enumerate(values):
        high = max(0, value) / top * (base - _HEAD)
        bars.append(
            {
                "value": value,
                "x": f"{place * step + step * 0.1:.1f}",
                "y": f"{base - high:.1f}",
                "width": f"{step * 0.8:.1f}",
                "height": f"{high:.1f}",
                "middle": f"{(place + 0.5) * step:.1f}",
            }
        )
    return {"width": _WIDTH, "height": _HEIGHT, "base": base, "top": top, "bars": bars}


def figure(value: float) -> str:
    """Return a value as a chart shows it: a whole number, or three digits."""
    return count(round(value)) if value >= 100 or value == round(value) else f"{value:.3g}"
