"""Puts options and commands in place of parameters and calls that messages of the library name."""

from __future__ import annotations

import re
from collections.abc import Mapping

FLAGS: Mapping[str, str] = {
    "account": "--account",
    "attach_anywhere": "--attach-anywhere",
    "attach_private": "--attach-private",
    "chunk_size": "--chunk-size",
    "concurrency": "--concurrency",
    "consumer": "--consumer",
    "db": "--db",
    "decimal_comma": "--decimal-comma/--no-decimal-comma",
    "detach": "--detach",
    "due_days": "--due-days",
    "file_format": "--format",
    "from_date": "--from",
    "here": "--here",
    "journal": "--journal",
    "keep_bodies": "--keep-bodies",
    "key_file": "--key-file",
    "listed_days": "--listed-within",
    "mapping": "--mapping",
    "max_consecutive_rejections": "--max-rejections",
    "new_account": "--new-account",
    "new_accounts": "--new-accounts",
    "numbers": "--number-from",
    "on_unknown": "--on-unknown",
    "per_second": "--rate",
    "query": "--query",
    "retry": "--retry",
    "settle_seconds": "--settle",
    "settled_banking_days": "--settled-within",
    "to_date": "--to",
    "until": "--until",
}
"""The option for each parameter that messages of the library name.

Options that are made from attributes (``OptionOf``) take their names from here, so that none is missing.
"""

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
"""The command for each call that messages of the library name."""

_CALL = re.compile("|".join(rf"(?<![\w.]){re.escape(call)}" for call in COMMANDS))
_PARAMETER = re.compile(r"\b([a-z_]+)=(?:'(\w+)'|(?!\w))")


def in_flags(text: str) -> str:
    """Return a text with options in place of parameters, and commands in place of calls.

    ``concurrency=`` becomes ``--concurrency``, ``retry='all'`` becomes ``--retry all``, and
    ``mirror.sync()`` becomes ``confirma mirror sync``.
    """
    text = _CALL.sub(lambda found: COMMANDS[found[0]], text)
    return _PARAMETER.sub(_option, text)


def _option(found: re.Match[str]) -> str:
    """Return the option for a parameter, with its value if it has one."""
    flag = FLAGS.get(found[1])
    if flag is None:
        return found[0]
    return flag if found[2] is None else f"{flag} {found[2]}"
