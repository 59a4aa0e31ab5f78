"""The live progress bar, on standard error, so that standard output stays for the result."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any, TextIO, cast

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from confirma_async.bulk import Outcome
from confirma_async.cli.output.terminal import Terminal


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


@contextlib.contextmanager
def progress(*, visible: bool, what: str = "invoices") -> Generator[Callable[[Outcome], None]]:
    """Show outcomes as they come.

    Args:
        visible: Whether to show anything at all.
        what: What the records are.
    """
    counts: Counter[str] = Counter()
    bar = Progress(
        SpinnerColumn(),
        BarColumn(),
        TextColumn(f"{{task.completed}} {what}"),
        TextColumn("{task.fields[summary]}"),
        TimeElapsedColumn(),
        console=Terminal(file=cast("TextIO", _Unheeded(sys.stderr))),
        disable=not visible,
    )
    task = bar.add_task("submit", total=None, summary="")  # how many there will be is not known

    def advance(outcome: Outcome) -> None:
        if not counts:
            bar.start()  # not before there is something to show: what cannot start is only said
        counts["resumed" if outcome.resumed else outcome.verdict.value] += 1
        summary = ", ".join(f"{count} {word}" for word, count in counts.items())
        bar.update(task, advance=1, summary=summary)

    try:
        yield advance
        bar.update(task, total=sum(counts.values()))
    finally:
        if counts:  # a bar that never began would leave an empty line
            bar.stop()
