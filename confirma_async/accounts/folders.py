"""Where the journals of accounts lie, and what names their targets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import PlatformDirs

from confirma_async.errors import ConfigurationError
from confirma_async.settings import is_loopback

JOURNAL_DIR_VARIABLE = "CONFIRMA_JOURNAL_DIR"

JOURNAL_NAME = "account.journal"
"""The journal's file in the folder of its account."""

LOCALHOST = "localhost"
"""The target of every URL on this machine: a sandbox is known by its key, not by its port."""

_PARTNER = "partner."

_DIRECTORIES = PlatformDirs("confirma")


def partner_of(target: str) -> str:
    """Return the name of what is sent to a target with the partner's own token, and is of no account."""
    return f"{_PARTNER}{target}"


def is_here(target: str) -> bool:
    """Say whether a target is on this machine, where every sandbox has keys of its own."""
    return target.removeprefix(_PARTNER) == LOCALHOST


def target_of(base_url: str) -> str:
    """Return the name of what a base URL leads to: its host, with a port that is not the usual one."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if is_loopback(host):
        return LOCALHOST
    return host if parts.port is None else f"{host}_{parts.port}"


def journal_root() -> Path:
    """Return the folder of all journals: CONFIRMA_JOURNAL_DIR, else one in the user's data directory.

    Raises:
        ConfigurationError: the user has no home directory, and the variable is not set.
    """
    named = os.environ.get(JOURNAL_DIR_VARIABLE)
    if named:
        if not os.path.isabs(named):  # another folder wherever one stands would know nothing of what was sent
            raise ConfigurationError(f"{JOURNAL_DIR_VARIABLE} must be an absolute path, and {named} is none")
        return Path(named)
    return _directory(lambda: _DIRECTORIES.user_data_path) / "journals"


def state_root() -> Path:
    """Return the folder of what is remembered of journals, apart from them.

    Raises:
        ConfigurationError: the user has no home directory.
    """
    return _directory(lambda: _DIRECTORIES.user_state_path) / "journals"


def _directory(find: Callable[[], Path]) -> Path:
    try:
        path = find()
    except RuntimeError:
        path = Path("~")
    if not path.is_absolute():
        raise ConfigurationError(
            "this user has no home directory to keep the account's journal in; set "
            f"{JOURNAL_DIR_VARIABLE} to a folder that lasts, or name a journal"
        )
    return path
