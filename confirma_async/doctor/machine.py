"""Checks of this machine: its limits, its libraries, and the folder for journals."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import resource
from collections.abc import Mapping
from pathlib import Path

from confirma_async.accounts.folders import JOURNAL_DIR_VARIABLE, journal_root
from confirma_async.bulk.sqlite.file.file_systems import check_file_system, ends_with_its_container
from confirma_async.doctor.context import Context
from confirma_async.doctor.findings import Finding, bad, doubtful, good
from confirma_async.errors import ConfigurationError, JournalError
from confirma_async.formats.file_format import LIBRARIES
from confirma_async.validation import missing_libraries

ENOUGH_FILES = 256
"""Open files that a job of the default width lives with easily."""

_OPTIONAL: Mapping[str, str] = {
    "uvloop": "speed",
    **{library: extra for _, library, extra in LIBRARIES.values()},
    "psycopg": "postgres",
}
"""Modules that something needs only if it is used, with the extra that installs each."""


async def check_open_files(_context: Context) -> Finding:
    """Check the limit of open files: whether many connections can be open at once."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return good("as many open files as you like")
    if allowed < ENOUGH_FILES:
        return doubtful(
            f"only {allowed} open files are allowed",
            f"raise the limit (ulimit -n {ENOUGH_FILES}), or send less at once (concurrency=)",
        )
    return good(f"{allowed} open files are allowed")


async def check_libraries(_context: Context) -> Finding:
    """Check which optional libraries are installed."""
    unchecked = missing_libraries()
    if unchecked:
        rules = sorted({rule for served in unchecked.values() for rule in served})
        return doubtful(
            f"{', '.join(unchecked)} not installed, so these rules are not checked: {', '.join(rules)}",
            "pip install 'confirma-sdk[validation]'",
        )
    extras = [extra for module, extra in _OPTIONAL.items() if importlib.util.find_spec(module) is None]
    if extras:
        return good(f"all rules can be checked; extras not installed: {', '.join(extras)}")
    return good("all are installed")


def _existing(folder: Path) -> Path:
    """Return the folder itself, or its nearest parent that exists.

    The first job makes the folders that are missing.
    """
    return next(place for place in (folder, *folder.parents) if place.exists())


async def check_journal(context: Context) -> Finding:
    """Check whether a job can keep its journal in the folder."""
    try:
        folder = context.setup.folder or _existing(journal_root())
    except ConfigurationError as error:
        return bad(str(error), f"set {JOURNAL_DIR_VARIABLE}")
    if not folder.is_dir():
        return bad(f"{folder} is no folder", "make it, or name another one")
    if not os.access(folder, os.W_OK | os.X_OK):
        return bad(f"{folder} cannot be written to", "name another folder, or change its rights")
    try:
        await asyncio.to_thread(check_file_system, folder)
    except JournalError as error:
        return bad(str(error), f"keep journals on a disk of this machine ({JOURNAL_DIR_VARIABLE})")
    why = ends_with_its_container(folder)
    if why is not None:
        return doubtful(
            f"{folder} lies {why}: what was sent would be forgotten with it",
            f"keep journals on storage that lasts ({JOURNAL_DIR_VARIABLE})",
        )
    return good(f"journals can be kept in {folder}")
