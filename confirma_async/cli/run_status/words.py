"""Prints the status of a run for people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from rich.markup import escape

from confirma_async.bulk import State
from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.models import VERDICTS, Row, Verdict
from confirma_async.bulk.reporting.progress import Progress
from confirma_async.cli.language.choice import gettext as _, ngettext
from confirma_async.cli.language.figures import ago, count, lasting, local, moment, plain, rate
from confirma_async.cli.language.messages import problem_in_words, translated
from confirma_async.cli.output.render import (
    print_numbers,
    print_sayings,
    record_in_words,
    table,
)
from confirma_async.cli.output.result import StandingRow, print_standings, standing
from confirma_async.cli.output.standings import wording
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.run_status.reading import RunStatus, mappings_of
from confirma_async.errors import Problem
from confirma_async.privacy import visible

_SHOWN_FILES = 5
"""The greatest number of tables for which to print how they were read."""


def _show_writes(console: Terminal, writes: Mapping[State, int]) -> None:
    if any(writes.values()):
        others = table(_("Other writes"), _("State"), _("Writes"))
        for state, number in writes.items():
            if number:
                others.add_row(wording(VERDICTS[state]).short, str(number))
        console.print(others)


def show(found: RunStatus) -> None:
    """Print the status of a run."""
    console = Terminal()
    caption = _progress_caption(found.progress) if found.progress else None
    print_standings(console, _("Journal"), _standings(found), caption)
    _show_writes(console, found.writes)
    for line in (_in_words(found), *_reading_in_words(found.run)):
        console.print(escape(visible(line)), soft_wrap=True, highlight=False)
    for worker in found.workers:
        alive, dead = _("Worker {name}: alive, {count} in hand"), _("Worker {name}: dead, {count} in hand")
        line = (alive if worker.alive else dead).format(name=worker.name, count=plain(count(worker.held)))
        console.print(escape(visible(line)), soft_wrap=True)
    if found.doubt is not None:
        doubt = _(
            "The journal may not know all that was sent: {reason}. Every invoice is looked up before it is "
            "sent. If you know that it is whole: confirma journal trust"
        ).format(reason=translated(found.doubt.reason))
        console.print(escape(visible(doubt)), soft_wrap=True)
    said = [
        (record_in_words(bad.source, bad.number), problem_in_words(Problem(bad.path, bad.rule, bad.message)))
        for bad in found.refused
    ]
    print_sayings(console, wording(Verdict.REFUSED).name, said)
    print_undecided(console, found)
    said = [
        (f"{row.operation} {row.key}, {wording(VERDICTS[row.state]).short}", translated(row.detail or ""))
        for row in found.open_writes
    ]
    print_sayings(console, _("Other writes that were not taken, or may not have been"), said)
    print_numbers(console, found.numbers)


def print_undecided(console: Terminal, found: RunStatus) -> None:
    """Print what the service has rejected, and what is unknown."""
    for verdict, rows in ((Verdict.REJECTED, found.rejected), (Verdict.UNKNOWN, found.unknown)):
        said = [
            (f"{row.source}, {translated(str(row.key))}, {_attempted(row)}", translated(row.detail or ""))
            for row in rows
        ]
        print_sayings(console, wording(verdict).name, said)


def _standings(found: RunStatus) -> list[StandingRow]:
    counts, amounts = found.counts, found.amounts
    sending = counts["claimed"] + counts["sending"]
    return [
        standing(Verdict.ACCEPTED, counts["accepted"], amounts.get(State.ACCEPTED)),
        standing(Verdict.REFUSED, counts["refused"]),
        standing(Verdict.REJECTED, counts["rejected"], amounts.get(State.REJECTED)),
        standing(Verdict.UNKNOWN, counts["unknown"], amounts.get(State.UNKNOWN)),
        (_("Being sent"), sending, "", {}),
        standing(Verdict.NOT_SENT, counts["pending"]),
    ]


def _reading_in_words(run: Run | None) -> Iterator[str]:
    """Yield in words how a run has read each table that has a mapping."""
    mappings = mappings_of(run)
    for name, mapping in islice(mappings.items(), _SHOWN_FILES):
        parts = [] if mapping.sheet is None else [_("sheet {sheet}").format(sheet=mapping.sheet)]
        if mapping.header_row is not None:
            parts.append(_("names of columns in row {row}").format(row=mapping.header_row))
        parts.append(_("columns read: {count}").format(count=len(mapping.columns)))
        if mapping.ignore:
            parts.append(_("passed over: {titles}").format(titles=", ".join(mapping.ignore)))
        yield f"{Path(name).name}: {'; '.join(parts)}"


def _progress_caption(progress: Progress) -> str | None:
    if progress.left == 0 and progress.oldest_unknown_seconds is None:
        return None  # the job is done
    parts = [_("{rate} a second in the last minute").format(rate=rate(progress.per_second))]
    if progress.expected is not None and progress.left is not None:
        parts.append(
            _("{left} of {total} left").format(left=count(progress.left), total=count(progress.expected))
        )
    if progress.seconds_left is not None:
        parts.append(_("about {time} left").format(time=lasting(progress.seconds_left)))
    if progress.oldest_unknown_seconds is not None:
        parts.append(_("unknown for up to {time}").format(time=lasting(progress.oldest_unknown_seconds)))
    return plain(", ".join(parts))


def _in_words(found: RunStatus) -> str:
    run, name = found.run, found.name[:1].upper() + found.name[1:]
    if run is None:
        return name
    began, since = moment(local(run.began_at)), ago(time.time() - run.began_at)
    parts = [
        _("begun {moment} ({ago})").format(moment=began, ago=since),
        translated(run.ending) if run.ending else _("not ended: it goes on, or its process died"),
    ]
    if run.inputs:
        parts.append(_("from {files}").format(files=inputs_in_words(run.inputs)))
    of_run = "" if found.of_run else "; " + _("its latest run, {run}").format(run=run.number)
    return plain(f"{name}{of_run}: {', '.join(parts)}")


def inputs_in_words(names: Sequence[str], most: int = 1) -> str:
    """Return in words the first files of a run, and how many more there are."""
    named, more = ", ".join(names[:most]), len(names) - most
    if more <= 0:
        return named
    return f"{named} " + ngettext("and {count} more file", "and {count} more files", more).format(
        count=count(more)
    )


def _attempted(row: Row) -> str:
    if row.attempted_at is None:
        return _("not sent yet")
    return _("sent {ago}").format(ago=plain(ago(time.time() - row.attempted_at)))
