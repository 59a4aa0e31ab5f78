"""Remembers which marked copy was made of which file of a run, so that a retry reads what was corrected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import click

from confirma_async.accounts.registry import Accounts
from confirma_async.bulk.journal_places import JournalPlace
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.marking import messages
from confirma_async.cli.output.printer import say
from confirma_async.files import make_private, write_durably

_NAME = "marked.json"


def remember(place: JournalPlace, run: int, file: Path, copy: Path) -> None:
    """Remember the marked copy of a run's file, and the present contents of both.

    Raises:
        OSError: the record cannot be written.
    """
    known = _known()
    known.setdefault(_key(place, run), {})[str(file.resolve())] = {
        "copy": str(copy.resolve()),
        "copy_digest": _digest(copy),
        "file_digest": _digest(file),
    }
    make_private(_place().parent)
    write_durably(_place(), json.dumps(known, ensure_ascii=False).encode())


def corrected(place: JournalPlace, run: int, inputs: Sequence[str]) -> list[str]:
    """Return the inputs of a run, with marked copies in place of their files.

    A copy does not count if it is gone, or if only the file was changed.

    Raises:
        click.UsageError: a file and its copy have both been changed.
    """
    return [_corrected(name, _known().get(_key(place, run), {}).get(name)) for name in inputs]


def _corrected(name: str, known: dict[str, str] | None) -> str:
    if known is None or not Path(known["copy"]).is_file():
        return name
    file, copy = Path(name), Path(known["copy"])
    if file.is_file() and _digest(file) != known["file_digest"]:
        if _digest(copy) == known["copy_digest"]:
            return name
        raise click.UsageError(_(messages.BOTH_CHANGED).format(file=file, copy=copy))
    say(_(messages.READ_INSTEAD).format(copy=copy, file=file), err=True)
    return str(copy)


def _place() -> Path:
    return Accounts().root / _NAME


def _known() -> dict[str, dict[str, dict[str, str]]]:
    try:
        found: dict[str, dict[str, dict[str, str]]] = json.loads(_place().read_bytes())
    except (OSError, ValueError):  # never made, or damaged: then a person names the copy
        return {}
    return found


def _key(place: JournalPlace, run: int) -> str:
    return f"{place.resolve() if isinstance(place, Path) else place.name}#{run}"


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
