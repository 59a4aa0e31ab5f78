"""Options that more than one command takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from confirma_async.contract import Overrides
from confirma_async.formats import ReadOptions
from confirma_async.validation import missing_libraries

F = TypeVar("F", bound=Callable[..., Any])
Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

files: Decorator = click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
as_json: Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
overrides_file: Decorator = click.option(
    "--overrides",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file that corrects provisional paths and names.",
)


class FiniteRange(click.FloatRange):
    """A number within a range; ``nan`` and ``inf`` are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Reads the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no number to count with", param, ctx)
        return number


def warn_of_unchecked() -> None:
    """Says on standard error which rules cannot be checked, because packages are missing."""
    missing = missing_libraries()
    if missing:
        rules = sorted({rule for unchecked in missing.values() for rule in unchecked})
        click.echo(
            f"confirma: not checked here: {', '.join(rules)}; pip install 'confirma-sdk[validation]'",
            err=True,
        )


def reading(command: F) -> F:
    """The options that say how files are read."""
    for option in (
        click.option(
            "--due-days",
            type=click.IntRange(0),
            default=ReadOptions().due_days,
            show_default=True,
            help="Days to the due date, for UBL invoices that state none.",
        ),
        click.option(
            "--decimal-comma/--no-decimal-comma",
            default=None,
            help="How numbers in CSV files are written; found out per file unless given.",
        ),
        click.option(
            "--number-from",
            type=click.IntRange(1),
            metavar="N",
            help="Give whole numbers from N on to documents whose own number is none.",
        ),
    ):
        command = option(command)
    return command


def read_overrides(path: Path | None) -> Overrides:
    """The user's corrections; none unless a file is named."""
    return Overrides() if path is None else Overrides.from_toml(path)
