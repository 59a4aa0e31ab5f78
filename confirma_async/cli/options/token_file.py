"""Writes a new token to a file; if that fails, to another file, so that the token is not lost."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from confirma_async.cli import options
from confirma_async.cli.options.bundle import Decorator
from confirma_async.credentials import FileTokenStore
from confirma_async.errors import ConfigurationError, TokenNotKeptError
from confirma_async.privacy import Secret

save: Decorator = click.option(
    "--save",
    type=options.FILE,
    help="The file to keep the new token in; only you will be able to read it. It must not exist yet.",
)


def check_place(path: Path, *, replaced: bool) -> None:
    """Check that a token can be written to a file, before a token is requested.

    Args:
        path: The path of the file.
        replaced: Whether the file holds the token that the new one replaces.

    Raises:
        ConfigurationError: there is a file already, or the folder cannot be written to.
    """
    folder = Path(os.path.realpath(path)).parent
    if not replaced and path.exists():
        raise ConfigurationError(f"{path} exists already; name a new file. Nothing was sent")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigurationError(f"no file can be written to {folder}; name another place. Nothing was sent")


async def keep(token: Secret, path: Path) -> None:
    """Write a new token to a file.

    Raises:
        TokenNotKeptError: it was written to another file, which the message names, or to none.
    """
    try:
        await FileTokenStore(path).save(token)
    except (OSError, ConfigurationError) as error:
        raise kept_elsewhere(token, f"{path} could not be written ({type(error).__name__})") from None


def kept_elsewhere(secret: Secret, reason: str) -> TokenNotKeptError:
    """Write a token, or an answer with it, to the first folder possible; return the error that says where."""
    for folder in (Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
        try:
            name = _written(secret, folder)
        except OSError:
            continue
        return TokenNotKeptError(
            f"the service gave a new token, but {reason}. What it gave is in {name}, which only you can "
            "read: take the token from there. The old one, if there was one, may be dead",
            token=secret,
        )
    return TokenNotKeptError(
        f"the service gave a new token, but {reason}, and neither could any other file: the token is lost. "
        "Make room, then renew the old token once more, or ask the vendor for a new one",
        token=secret,
    )


def _written(secret: Secret, folder: Path) -> str:
    descriptor, name = tempfile.mkstemp(prefix="confirma-token-", dir=folder)  # mode 0600
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{secret.reveal()}\n")
        file.flush()
        os.fsync(descriptor)
    return name
