"""Reads the buyers and amounts of invoices that need attention from the files: the journal keeps no names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import evolve

from confirma_async.bulk.models import Verdict, gross_of
from confirma_async.bulk.reporting.attention import Attention, NeedsAttention
from confirma_async.bulk.reporting.summary import Summary, Total, file_of
from confirma_async.formats.facts import InvoiceFacts
from confirma_async.formats.models import BadRecord, InputError, ReadInvoice, ReadOptions
from confirma_async.formats.reader import read


def with_file_facts(summary: Summary, files: Iterable[str], options: ReadOptions) -> Summary:
    """Return a summary with the buyers and amounts that are in the files of its run.

    Args:
        summary: The summary of the journal, without them.
        files: The files, by the names that the run gives them.
        options: How the files are read.
    """
    attention = summary.attention
    if not attention.named:
        return summary
    found = _facts_of(attention.named, files, options)
    named = [evolve(each, facts=found.get((each.place, each.number), each.facts)) for each in attention.named]
    refused = [each.facts for each in named if each.verdict is Verdict.REFUSED]
    return evolve(
        summary,
        attention=Attention(attention.counts, named, attention.reasons),
        totals=_with_amounts(summary.totals, refused),
    )


def _with_amounts(
    totals: Mapping[tuple[Verdict, str], Total], refused: Iterable[InvoiceFacts]
) -> dict[tuple[Verdict, str], Total]:
    """Return the totals with the amounts of refused invoices added, as far as these are known."""
    result = {key: evolve(total) for key, total in totals.items()}
    unstated = result.get((Verdict.REFUSED, ""))
    for facts in refused:
        if facts.amount is not None and unstated is not None and unstated.without_amount:
            unstated.count -= 1
            unstated.without_amount -= 1
            result.setdefault((Verdict.REFUSED, facts.currency), Total()).add(facts.amount)
    return {key: total for key, total in result.items() if total.count}


def _facts_of(
    named: Iterable[NeedsAttention], files: Iterable[str], options: ReadOptions
) -> Mapping[tuple[str, str], InvoiceFacts]:
    """Read the files of a run once more; return the buyers and amounts of invoices, by place and number.

    A record that is on another line now, or in a file that cannot be read any more, is left out.
    """
    wanted = {(each.place, each.number) for each in named}
    sources = {file_of(place) for place, _number in wanted}
    found: dict[tuple[str, str], InvoiceFacts] = {}
    for file in files:
        mine = [source for source in sources if _is_of(source, file)]
        if not mine or not Path(file).is_file():
            continue
        with contextlib.suppress(InputError):
            for record in read(file, options):
                line = "" if record.place.line is None else f":{record.place.line}"
                for source in mine:
                    key = (f"{source}{line}", _number_of(record))
                    if key in wanted:
                        found[key] = _facts(record)
                if len(found) == len(wanted):
                    return found
    return found


def _is_of(source: str, file: str) -> bool:
    """Say whether a path is the file that a run calls by this name, from whatever folder it was named."""
    named = Path(source).parts
    below = [part for part in named if part not in {".", ".."}]
    return source == file or tuple(below) == Path(file).parts[-len(below) :]


def _number_of(record: ReadInvoice | BadRecord) -> str:
    if isinstance(record, BadRecord):
        return record.number or ""
    return str(record.request.invoice.header.number)


def _facts(record: ReadInvoice | BadRecord) -> InvoiceFacts:
    if isinstance(record, BadRecord):
        return record.facts
    invoice = record.request.invoice
    buyer = invoice.parties.buyer_party if invoice.parties else None
    return InvoiceFacts(
        buyer=buyer.name or "" if buyer else "",
        amount=gross_of(record.request),
        currency=invoice.header.currency_code,
    )
