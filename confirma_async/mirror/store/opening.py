"""Opens a mirror by its path, or by the URL of a PostgreSQL database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from confirma_async.accounts.folders import journal_root
from confirma_async.errors import ConfigurationError
from confirma_async.files import make_private
from confirma_async.mirror.store.database import MirrorDatabase

MIRROR_VARIABLE = "CONFIRMA_MIRROR"
"""The environment variable that names the mirror: a path, or a URL."""

MIRROR_NAME = "mirror.db"
"""The default file of a mirror, in the folder of the journals."""

Where: TypeAlias = str | Path | None
"""Where a mirror is: a path or a URL; None for the user's own one."""


def place_of(where: Where) -> str | Path:
    """Return the place of a mirror: the given one, else that of CONFIRMA_MIRROR, else beside the journals.

    Raises:
        ConfigurationError: the user has no home directory, or the URL is of another kind of database.
    """
    named = where or os.environ.get(MIRROR_VARIABLE) or journal_root() / MIRROR_NAME
    text = str(named)
    if text.startswith(("postgresql://", "postgres://")):
        return text
    if "://" in text:
        raise ConfigurationError(
            f"a mirror is a file, or a URL that begins with postgresql://, and not with {text.partition('://')[0]}://"
        )
    return Path(named).absolute()


def open_mirror(where: Where = None, *, make: bool = False) -> MirrorDatabase:
    """Open a mirror.

    Args:
        where: A path, or a ``postgresql://`` URL.
        make: Whether to make the mirror if it does not exist.

    Raises:
        MirrorError: it cannot be opened, is no mirror, or has a newer version.
        ConfigurationError: there is no place for it, or the driver is not installed.
    """
    place = place_of(where)
    if isinstance(place, str):
        try:
            from confirma_async.mirror.store.postgres import PostgresDatabase
        except ImportError as error:
            raise ConfigurationError(
                "a mirror in PostgreSQL needs psycopg: pip install 'confirma-sdk[postgres]'"
            ) from error
        return PostgresDatabase(place, make=make)
    from confirma_async.mirror.store.sqlite import SqliteDatabase

    if make and where is None and not os.environ.get(MIRROR_VARIABLE):
        try:
            make_private(place.parent)
        except OSError as error:
            raise ConfigurationError(
                f"the folder {place.parent} cannot be made; name a mirror (db=)"
            ) from error
    return SqliteDatabase(place, make=make)
