"""Names of the library's parameters and calls as options and commands of the command line."""

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

COMMANDS: Mapping[str, str] = {
    "bulk.sqlite.keeping.back_up()": "confirma journal backup",
    "bulk.sqlite.keeping.set_aside()": "confirma journal set-aside",
    "bulk.submit(..., retry='changed')": "confirma retry",
    "contract.check()": "confirma contract check",
    "formats.propose()": "confirma columns",
    "journal.resolve()": "confirma resolve",
    "mirror.reconcile()": "confirma reconcile",
    "mirror.sync()": "confirma mirror sync",
    "onboarding.renew_token()": "confirma token renew",
    "outbox.resolve()": "confirma resolve",
}
"""By the call that a text of the library names, the command that does the same."""

_CALL = re.compile("|".join(rf"(?<![\w.]){re.escape(call)}" for call in COMMANDS))
_PARAMETER = re.compile(r"\b([a-z_]+)=(?!\w)")


def in_flags(text: str) -> str:
    """Name options instead of parameters, and commands instead of calls.

    ``concurrency=`` becomes ``--concurrency``, and ``mirror.sync()`` becomes ``confirma mirror sync``.
    """
    text = _CALL.sub(lambda found: COMMANDS[found[0]], text)
    return _PARAMETER.sub(lambda found: FLAGS.get(found[1], found[0]), text)
