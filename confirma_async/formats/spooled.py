"""Keeps input that can be read only once in a scratch file, because invoices are read twice."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from os import PathLike
from pathlib import Path
from typing import IO, BinaryIO

from attrs import frozen

from confirma_async.errors import ConfigurationError

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
"""The errors of a file that cannot grow any more."""


@frozen
class Spooled(PathLike[str]):
    """Input that is kept in a scratch file.

    Attributes:
        path: The path of the scratch file.
        name: The name of the input in places and messages.
    """

    path: Path
    name: str = "-"

    def __fspath__(self) -> str:
        """Return the path of the scratch file, for ``open``."""
        return str(self.path)

    def __str__(self) -> str:
        return self.name


def no_room(error: OSError | sqlite3.Error) -> ConfigurationError:
    """Make the error for a scratch file that cannot be written."""
    reason = error.strerror if isinstance(error, OSError) else None
    try:
        folder = tempfile.gettempdir()
    except OSError:
        folder = "any folder for temporary files"
    return ConfigurationError(
        "what is read is kept in a scratch file until it is sent, and that cannot be written in "
        f"{folder} ({(reason or str(error)).lower()}); make room there, or name another folder in the "
        "environment variable TMPDIR. Nothing was sent"
    )


def _copy(stream: BinaryIO, file: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(stream, file)
        file.flush()
    except OSError as error:
        if error.errno in _FULL:
            with contextlib.suppress(OSError):  # once more, for what could not be written
                file.close()
            raise no_room(error) from None
        raise  # it may be the stream that cannot be read


@contextlib.contextmanager
def spooled(stream: BinaryIO) -> Generator[Spooled]:
    """Keep a stream in a scratch file for the block. Only this user can read the file.

    The file has no name while it is open, so that nothing is left of it however the process ends. On systems
    where an open file cannot be opened again by its descriptor, it has a name, in a folder of its own.

    Raises:
        ConfigurationError: there is no room for it.
    """
    with tempfile.TemporaryFile(prefix="confirma-") as file:
        again = Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
        if again.exists():
            _copy(stream, file)
            yield Spooled(again)
            return
    with tempfile.TemporaryDirectory(prefix="confirma-") as folder:  # made with mode 0700
        path = Path(folder, "input")
        with path.open("xb") as named:
            _copy(stream, named)
        yield Spooled(path)
