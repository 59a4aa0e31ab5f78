"""The live progress bar, on standard error, so that standard output stays for the result."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Generator

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from confirma_async.bulk import Outcome
from confirma_async.cli.terminal import Terminal


@contextlib.contextmanager
def progress(*, visible: bool) -> Generator[Callable[[Outcome], None]]:
    """Shows outcomes as they come.

    Args:
        visible: Whether to show anything at all.
    """
    counts: Counter[str] = Counter()
    bar = Progress(
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.completed} invoices"),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        console=Terminal(stderr=True),
        disable=not visible,
    )
    task = bar.add_task("submit", total=None, told="")  # how many there will be is not known

    def advance(outcome: Outcome) -> None:
        if not counts:
            bar.start()  # not before there is something to show: what cannot start is only said
        counts["resumed" if outcome.resumed else outcome.verdict.value] += 1
        told = ", ".join(f"{count} {word}" for word, count in counts.items())
        bar.update(task, advance=1, told=told)

    try:
        yield advance
        bar.update(task, total=sum(counts.values()))
    finally:
        if counts:  # a bar that never began would leave an empty line
            bar.stop()
