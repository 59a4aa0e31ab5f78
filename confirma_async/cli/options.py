"""Options that more than one command takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from confirma_async.contract import Overrides
from confirma_async.formats import ReadOptions

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
