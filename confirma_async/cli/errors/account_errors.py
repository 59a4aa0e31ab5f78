"""Messages for errors about accounts, with the options that cure them."""

from __future__ import annotations

from confirma_async.accounts.registry import near
from confirma_async.accounts.unknown import UnknownAccountError, UnknownKeyError
from confirma_async.errors import JournalMismatchError


def in_words(error: UnknownKeyError | UnknownAccountError | JournalMismatchError) -> str:
    """Return the message of an error about accounts or journals, with the options that cure it."""
    if isinstance(error, JournalMismatchError):
        return str(error).replace("(account=)", f"(--account {error.account or 'NAME'})")
    known = ", ".join(error.known) or "none"
    if isinstance(error, UnknownAccountError):
        if error.account is None:
            return (
                f"which account of {error.target} is meant is not clear (known: {known}); say --account NAME"
            )
        meant = near(error.account, error.known)
        guess = f"did you mean --account {meant}? " if meant else ""
        return (
            f"there is no account {error.account} of {error.target} here (known: {known}); {guess}A new one: "
            f"--new-account {error.account}"
        )
    if error.holder is not None:
        return (
            f"this key belongs to the account {error.holder} of {error.target}, not to {error.account}; say "
            f"--account {error.holder}, or use the key of {error.account}"
        )
    if error.account is not None:
        return (
            f"the account {error.account} of {error.target} is known already, by other keys; if this is its "
            f"new key, say --account {error.account}"
        )
    asked = (
        f"this key is new to {error.target}, where these accounts are known: {known}. Nothing was sent, "
        "because what was sent for an account must stay known. Say whose key it is:"
    )
    own = f"  --account {error.known[0]}   if it is a new key of that account"
    new = "  --new-account NAME   if it is another account's"
    lines = [asked, own, new]
    return "\n".join(lines)
