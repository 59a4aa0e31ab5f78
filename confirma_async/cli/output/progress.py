"""The live progress bar, on standard error, so that standard output stays for the result."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any, TextIO, TypeVar, cast

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from confirma_async.bulk import Outcome
from confirma_async.bulk.models import Verdict
from confirma_async.cli.language.choice import gettext as _, ngettext
from confirma_async.cli.language.figures import count, lasting, plain
from confirma_async.cli.output.standings import counted
from confirma_async.cli.output.terminal import Terminal

T = TypeVar("T")

_OFTEN = 256
"""Records after which it is shown anew how many were read."""


class _Unheeded:
    """A stream whose failures end no job: a closed terminal shows nothing any more, and that is all."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write as far as it can be written."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush likewise."""
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Counted(ProgressColumn):
    """How many invoices are decided, of how many, what became of them, and how long the rest takes."""

    max_refresh = 0.2

    def __init__(self, counts: Mapping[Verdict | None, int], what: str) -> None:
        super().__init__()
        self._counts = counts
        self._what = what

    def render(self, task: Task) -> Text:
        """Return what stands beside the bar."""
        done = count(int(task.completed))
        if task.total is None:
            parts = [f"{done} {self._what}"]
        else:
            parts = [_("{done} of {total} invoices").format(done=done, total=count(int(task.total)))]
        parts += [_told(verdict, number) for verdict, number in self._counts.items() if number]
        if task.description:
            parts.append(task.description)
        if task.total and task.time_remaining is not None and task.completed < task.total:
            parts.append(_("about {time} left").format(time=lasting(max(1.0, task.time_remaining))))
        return Text(plain(", ".join(parts)))


def _told(verdict: Verdict | None, number: int) -> str:
    """Return what became of some invoices; None stands for what an earlier run has decided."""
    if verdict is not None:
        return counted(verdict, number)
    text = ngettext("{count} decided before", "{count} decided before", number)
    return text.format(count=count(number))


def _console() -> Terminal:
    return Terminal(file=cast("TextIO", _Unheeded(sys.stderr)))


def reading(records: Iterable[T], *, visible: bool) -> Iterator[T]:
    """Hand records on as they are read, and show how many there were; nothing of that stays on the terminal.

    Args:
        records: The records.
        visible: Whether to show anything at all.
    """
    console = _console()
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not visible or not console.is_terminal,
    )
    task = bar.add_task("", total=None)
    with bar:
        for number, record in enumerate(records, 1):
            if number % _OFTEN == 0:
                text = _("Invoices read: {count}").format(count=plain(count(number)))
                bar.update(task, description=text)
            yield record


def counting_bar(counts: Mapping[Verdict | None, int], *, visible: bool, what: str = "") -> Progress:
    """Return a bar that says how many records are decided; the description of its task stands behind that.

    Args:
        counts: What became of them, as it changes; None stands for what an earlier run has decided.
        visible: Whether to show anything at all.
        what: What they are, where they are no invoices and their number is not known.
    """
    return Progress(BarColumn(), _Counted(counts, what), console=_console(), disable=not visible)


@contextlib.contextmanager
def progress(expected: int | None, *, visible: bool, what: str = "") -> Generator[Callable[[Outcome], None]]:
    """Show outcomes as they come.

    Args:
        expected: How many records the files hold; None where that is not known.
        visible: Whether to show anything at all.
        what: What the records are, where they are no invoices and their number is not known.
    """
    counts: Counter[Verdict | None] = Counter()
    bar = counting_bar(counts, visible=visible, what=what)
    task = bar.add_task("", total=expected)

    def advance(outcome: Outcome) -> None:
        if not counts:
            bar.start()  # not before there is something to show: what cannot start is only said
        counts[None if outcome.resumed else outcome.verdict] += 1
        bar.update(task, advance=1)

    try:
        yield advance
    finally:
        if counts:  # a bar that never began would leave an empty line
            bar.stop()
