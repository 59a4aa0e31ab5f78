"""The owner of a run: the name of an account, and the fingerprints of its keys."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from functools import lru_cache

from attrs import field, frozen
from attrs.converters import optional

from confirma_async.errors import ConfigurationError
from confirma_async.privacy import Secret

SALT_BYTES = 16

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def check_name(name: str) -> str:
    """Return the name of an account, as the name of a folder.

    Raises:
        ConfigurationError: it cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            "the name of an account must be 1 to 64 letters of a to z, digits, '.', '_' or '-', and begin "
            "with a letter or a digit"
        )
    return name


@lru_cache(maxsize=1024)
def fingerprint(key: Secret, salt: bytes) -> str:
    """Return the salted fingerprint of a key: 128 bits as hexadecimal digits.

    It is made slowly, in 8 MiB, so that nobody tries keys one after the other.
    """
    return hashlib.scrypt(key.reveal().encode(), salt=salt, n=2**13, r=8, p=2, dklen=16).hex()


@frozen
class AccountName:
    """What a user says of the account that a key belongs to.

    Attributes:
        name: Its name; None goes by the key alone.
        new: Whether it may be one that is not known yet.

    Raises:
        ConfigurationError: the name cannot be one, or a new account has none.
    """

    name: str | None = field(default=None, converter=optional(check_name))
    new: bool = False

    def __attrs_post_init__(self) -> None:
        if self.name is None and self.new:
            raise ConfigurationError("a new account needs a name: give account=, too")


@frozen(kw_only=True)
class Owner:
    """Who a run sends for, as a journal has to know it.

    Attributes:
        key: The key of its calls.
        account: The account's name, where it is known; else empty.
        vouched: Whether the key is known to be that account's, so that a journal of the account takes it in.
        salt: The salt of the user's fingerprints, for a new journal.
        kin: Fingerprints, under that salt, of the keys that this one was renewed from.
    """

    key: Secret
    account: str = ""
    vouched: bool = False
    salt: bytes = field(factory=lambda: os.urandom(SALT_BYTES), repr=False)
    kin: Sequence[str] = ()

    def fingerprints(self, salt: bytes) -> list[str]:
        """Return the fingerprints by which a journal of that salt may know the owner, its own key's first."""
        own = fingerprint(self.key, salt)
        return [own, *self.kin] if salt == self.salt else [own]
