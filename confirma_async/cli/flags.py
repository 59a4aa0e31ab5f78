"""Names of the library's parameters as options of the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping

FLAGS: Mapping[str, str] = {
    "concurrency": "--concurrency",
    "journal": "--journal",
    "key_file": "--key-file",
    "db": "--db",
    "account": "--account",
    "new_accounts": "--new-accounts",
    "file_format": "--format",
    "decimal_comma": "--decimal-comma/--no-decimal-comma",
    "attach_anywhere": "--attach-anywhere",
    "attach_private": "--attach-private",
    "due_days": "--due-days",
    "numbers": "--number-from",
}
"""By the parameter that a text of the library names, the option that sets it."""

_PARAMETER = re.compile(r"\b([a-z_]+)=(?!\w)")


def in_flags(text: str) -> str:
    """Name options instead of parameters: ``concurrency=`` becomes ``--concurrency``."""
    return _PARAMETER.sub(lambda found: FLAGS.get(found[1], found[0]), text)
