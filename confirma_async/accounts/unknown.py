"""Errors that say that it is not known whose a key is, or which account is meant."""

from __future__ import annotations

from collections.abc import Sequence

from confirma_async.errors import ConfigurationError


class UnknownAccountError(ConfigurationError):
    """Which account is meant is not known; nothing was sent.

    Attributes:
        target: What it should be an account of.
        known: The accounts of the target that are known.
        account: The name that was given; None where none was.
    """

    def __init__(self, target: str, known: Sequence[str], account: str | None = None) -> None:
        self.target = target
        self.known: tuple[str, ...] = tuple(known)
        self.account = account
        names = ", ".join(self.known) or "none"
        message = (
            f"there is no account {account} of {target}" if account else f"which account of {target} is meant"
        )
        super().__init__(
            f"{message} (known: {names}); name one of them with account=, or a new one with new_account=True"
        )


class UnknownKeyError(ConfigurationError):
    """A key belongs to no account that is known, or to another one than was named; nothing was sent.

    Attributes:
        target: What the key is for.
        known: The accounts of the target that are known.
        account: The name that was given; None where none was.
        holder: The account that the key belongs to; None where it belongs to none that is known.
    """

    def __init__(
        self, target: str, known: Sequence[str], *, account: str | None = None, holder: str | None = None
    ) -> None:
        self.target = target
        self.known: tuple[str, ...] = tuple(known)
        self.account = account
        self.holder = holder
        if holder is not None:
            message = f"this key belongs to the account {holder} of {target}, not to {account}; name that one"
        elif account is not None:
            message = (
                f"the account {account} of {target} is known already, by other keys; if this is its new key, "
                "name it with account= alone"
            )
        else:
            message = (
                f"this key is new to {target}, where these accounts are known: {', '.join(self.known)}. What "
                "was sent for an account must stay known, so say whose key it is: account= names one of them "
                "that has a new key, new_account=True with a name of its own makes another"
            )
        super().__init__(message)
