"""Makes the page of ``confirma report``: the values for ``report.html.j2``."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

from attrs import evolve

from confirma_async.bulk.models import VERDICTS, State, Verdict
from confirma_async.bulk.reporting.attention import Attention, NeedsAttention
from confirma_async.bulk.reporting.summary import Summary, Total
from confirma_async.cli.importing.texts import named_place
from confirma_async.cli.language.choice import current, gettext as _
from confirma_async.cli.language.figures import count, moment, money, zone
from confirma_async.cli.language.messages import is_cell, translated, where
from confirma_async.cli.output.pages.charts import charts, figure
from confirma_async.cli.output.pages.rendering import rendered
from confirma_async.cli.output.standings import ORDER, wording
from confirma_async.cli.run_status.words import inputs_in_words

Key = TypeVar("Key")

DOCTYPE = "<!DOCTYPE html>"
"""The first line of every page."""

_AT_ONCE = 12
"""Number of invoices of one kind that are shown; the others can be unfolded, and are printed."""

_REASONS = 8
"""The greatest number of reasons that are counted above the invoices of one kind."""


def page(summary: Summary, name: str, made: datetime.datetime) -> str:
    """Return the page as one HTML file that needs no others, for screen and paper, light and dark.

    Args:
        summary: The figures of the job.
        name: The name of the job for people.
        made: The present moment, in the time zone in which to show times.
    """
    totals = _folded(summary.totals)
    values = {
        "_": _,
        "language": current().code,
        "title": _("Invoices of {name}").format(name=name),
        "origin": _origin(summary, made),
        "verdict": _verdict(summary),
        "rows": _rows(totals, summary.before),
        "sums": _sums(totals),
        "writes": [
            (wording(VERDICTS[state]), operation, count(number))
            for (operation, state), number in summary.writes.items()
        ],
        "charts": charts(summary.timing, made.tzinfo),
        "sections": [
            _section(verdict, summary.attention) for verdict in ORDER if summary.attention.counts[verdict]
        ],
    }
    return rendered("report.html.j2", values, styles=["report.css"], filters={"figure": figure})


def _origin(summary: Summary, made: datetime.datetime) -> list[str]:
    lines = [_("As of {moment} ({zone})").format(moment=moment(made), zone=zone(made))]
    if summary.target is not None:
        lines[0] += ", " + _("sent to {target}").format(target=translated(summary.target))
    if summary.run is not None and summary.run.inputs:
        files = inputs_in_words([_file_name(name) for name in summary.run.inputs], most=5)
        lines.append(_("From {files}").format(files=files))
    for number, words in (
        (summary.corrected, _("Refused at first, corrected and sent since: {count}")),
        (summary.retried, _("Sent again after a rejection: {count}")),
        (summary.resolved, _("Decided by a person: {count}")),
    ):
        if number:
            lines.append(words.format(count=count(number)))
    return lines


def _file_name(place: str) -> str:
    """Return the name of a file without its folders, with the line if there is one."""
    return place.rpartition("/")[2]


def _verdict(summary: Summary) -> Mapping[str, str]:
    accepted = _("{accepted} of {count} invoices accepted").format(
        accepted=count(summary.counted(Verdict.ACCEPTED)), count=count(summary.count)
    )
    if summary.duplicates:
        accepted += ", " + _("{count} of them known to the service before").format(
            count=count(summary.duplicates)
        )
    left = [
        words.format(count=count(number))
        for verdict, words in (
            (Verdict.REJECTED, _("{count} rejected by the service")),
            (Verdict.REFUSED, _("{count} refused before sending")),
            (Verdict.UNKNOWN, _("{count} may have arrived")),
            (Verdict.NOT_SENT, _("{count} not sent yet")),
        )
        if (number := summary.counted(verdict))
    ]
    open_writes = Counter[Verdict]()
    for (_operation, state), number in summary.writes.items():
        if state is not State.ACCEPTED:
            open_writes[VERDICTS[state]] += number
    if open_writes:
        left.append(_("other writes not accepted: {count}").format(count=count(open_writes.total())))
    if not left and not summary.attention.counts:
        return {"kind": "good", "text": f"{accepted}; {_('nothing is left to do')}."}
    unknown = summary.counted(Verdict.UNKNOWN) or open_writes[Verdict.UNKNOWN]
    kind = "doubt" if unknown or not left else "bad"
    return {"kind": kind, "text": f"{'; '.join([accepted, *left])}."}


def _summed(totals: Iterable[tuple[Key, Total]]) -> dict[Key, Total]:
    """Return the sums of the totals with the same key."""
    sums: dict[Key, Total] = {}
    for key, total in totals:
        whole = sums.setdefault(key, Total())
        whole.count += total.count
        whole.amount += total.amount
        whole.without_amount += total.without_amount
    return sums


def _folded(totals: Mapping[tuple[Verdict, str], Total]) -> Mapping[tuple[Verdict, str], Total]:
    """Return the totals; if there is one currency, invoices of unknown currency count to it."""
    currencies = {currency for _verdict, currency in totals if currency}
    if len(currencies) != 1:
        return totals
    only = currencies.pop()
    return _summed(((verdict, only), total) for (verdict, _currency), total in totals.items())


def _row(name: str, colour: str, total: Total, currency: str) -> Mapping[str, str]:
    without = total.without_amount
    is_stated = without < total.count
    return {
        "name": name,
        "colour": colour,
        "count": count(total.count),
        "amount": money(total.amount, currency) if is_stated else _("not stated"),
        "remark": _("{count} without an amount").format(count=count(without))
        if is_stated and without
        else "",
    }


def _rows(totals: Mapping[tuple[Verdict, str], Total], before: int) -> list[Mapping[str, str]]:
    """Return the rows of the totals, and one for invoices that an earlier run had accepted."""
    rows: list[Mapping[str, str]] = []
    for verdict in ORDER:
        words = wording(verdict)
        rows += [
            _row(words.name, words.kind, total, currency)
            for (each, currency), total in totals.items()
            if each is verdict
        ]
        if verdict is Verdict.ACCEPTED and before:
            earlier = Total(count=before, without_amount=before)
            rows.append(_row(_("Accepted in an earlier run"), words.kind, earlier, ""))
    return rows


def _sums(totals: Mapping[tuple[Verdict, str], Total]) -> list[Mapping[str, str]]:
    """Return the sums of all verdicts by currency; none if a currency has one verdict only."""
    sums = _summed((currency, total) for (_verdict, currency), total in totals.items())
    if len(totals) == len(sums):
        return []
    return [_row(_("Together"), "", total, currency) for currency, total in sums.items()]


def _section(verdict: Verdict, attention: Attention) -> Mapping[str, object]:
    """Return the section of the page for the invoices of one kind that need attention."""
    whole, words = attention.counts[verdict], wording(verdict)
    if verdict is Verdict.ACCEPTED:
        words = evolve(
            words,
            name=_("Accepted, but changed in the file since"),
            kind="doubt",
            advice=_("The service has these as they were sent. Restore the file, or send a credit note."),
        )
    reasons = attention.reasons.get(verdict)
    invoices = [_invoice(each) for each in attention.named if each.verdict is verdict]
    return {
        "words": words,
        "count": count(whole),
        "reasons": [(count(number), translated(reason)) for reason, number in reasons.most_common(_REASONS)]
        if reasons and max(reasons.values()) > 1
        else [],
        "shown": invoices[:_AT_ONCE],
        "folded": invoices[_AT_ONCE:],
        "fold": _("{count} more").format(count=count(whole - _AT_ONCE)),
        "rest": _("and {count} more; confirma export lists them all").format(
            count=count(whole - len(invoices))
        )
        if whole > len(invoices)
        else "",
    }


def _invoice(found: NeedsAttention) -> Mapping[str, object]:
    """Return the values of an invoice, with the place, message and rule of each of its problems."""
    facts = found.facts
    in_cells = all(is_cell(problem.path) for problem in found.problems)
    return {
        "title": _("Invoice {number}").format(number=found.number) if found.number else _("Without a number"),
        "buyer": facts.buyer,
        "amount": "" if facts.amount is None else money(facts.amount, facts.currency),
        "place": _file_name(found.place.rpartition(":")[0] if in_cells else found.place),
        "faults": [
            (_place_of(problem.path), translated(problem.message), problem.rule) for problem in found.problems
        ],
    }


def _place_of(path: str) -> str:
    return where(path, wire=False) if is_cell(path) else named_place(path)
