"""Input that comes once only, kept in a file: invoices are read twice, before and while they are sent."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from attrs import frozen


@frozen
class Spooled(PathLike[str]):
    """Such input.

    Attributes:
        path: Where it is kept.
        name: What it is called in places and messages.
    """

    path: Path
    name: str = "-"

    def __fspath__(self) -> str:
        """The path, for whoever opens it."""
        return str(self.path)

    def __str__(self) -> str:
        return self.name


@contextlib.contextmanager
def spooled(stream: BinaryIO) -> Generator[Spooled]:
    """Keeps a stream in a file that only this user can read, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="confirma-") as folder:  # made with mode 0700
        path = Path(folder, "input")
        with path.open("xb") as file:
            shutil.copyfileobj(stream, file)
        yield Spooled(path)
