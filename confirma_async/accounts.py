"""The client accounts that a user sends for: which key belongs to which, and where the journal of each lies.

What was sent is a fact about an account of the service. So every account has one journal, in the user's data
directory, below a folder for the target (the service, or a sandbox). Which keys an account has had is kept
beside the journals as salted fingerprints. A fingerprint is slow to make (scrypt), and no way back to
the key.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen
from platformdirs import PlatformDirs

from confirma_async.errors import ConfigurationError, UnknownAccountError, UnknownKeyError
from confirma_async.files import locked, make_private, write_durably
from confirma_async.secret import Secret
from confirma_async.settings import is_loopback

logger: logging.Logger = logging.getLogger("confirma_async")

JOURNAL_DIR_VARIABLE = "CONFIRMA_JOURNAL_DIR"
ACCOUNT_VARIABLE = "CONFIRMA_ACCOUNT"

JOURNAL_NAME = "account.journal"
"""The journal's file in the folder of its account."""

LOCALHOST = "localhost"
"""The target of every URL on this machine: a sandbox is told apart by its key, not by its port."""

FIRST_ACCOUNT = "default"
"""The name of a target's first account where the user gives none."""

SALT_BYTES = 16

_DIRECTORIES = PlatformDirs("confirma")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_REGISTRY = "accounts.json"
_LOCK = "accounts.lock"
_VERSION = 1


def target_of(base_url: str) -> str:
    """The name of what a base URL leads to: its host, with a port that is not the usual one."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if is_loopback(host):
        return LOCALHOST
    return host if parts.port is None else f"{host}_{parts.port}"


def journal_root() -> Path:
    """The folder of all accounts' journals: CONFIRMA_JOURNAL_DIR, else one in the user's data directory.

    Raises:
        ConfigurationError: the user has no home directory, and the variable is not set.
    """
    named = os.environ.get(JOURNAL_DIR_VARIABLE)
    if named:
        return Path(named).absolute()
    return _directory(lambda: _DIRECTORIES.user_data_path) / "journals"


def state_root() -> Path:
    """The folder of what is remembered of journals, apart from them.

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


def check_name(name: str) -> str:
    """The name of an account, as the name of a folder.

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
    """The salted fingerprint of a key: 128 bits as hexadecimal digits."""
    return hashlib.scrypt(key.reveal().encode(), salt=salt, n=2**14, r=8, p=1, dklen=16).hex()


@frozen
class AccountName:
    """What a user says of the account that a key belongs to.

    Attributes:
        name: Its name; None goes by the key alone.
        new: Whether it may be one that is not known yet.
    """

    name: str | None = None
    new: bool = False


def account_name(name: str | None, *, new: bool) -> AccountName:
    """What a user says of an account.

    Raises:
        ConfigurationError: the name cannot be one, or a new account has none.
    """
    if name is None and new:
        raise ConfigurationError("a new account needs a name: give account=, too")
    return AccountName(None if name is None else check_name(name), new)


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
        """The fingerprints by which a journal of that salt may know the owner, its present key's first."""
        own = fingerprint(self.key, salt)
        return [own, *self.kin] if salt == self.salt else [own]


@frozen(kw_only=True)
class AccountRecord:
    """An account that is known.

    Attributes:
        target: What it is an account of.
        name: Its name.
        journal: Its journal, which may not be there yet.
        keys: Fingerprints of the keys that it has had.
    """

    target: str
    name: str
    journal: Path
    keys: Sequence[str] = field(repr=False)


class Accounts:
    """The accounts that one user sends for.

    Args:
        root: The folder of their journals; the user's own unless given.

    Raises:
        ConfigurationError: there is no such folder, and none can be found.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root: Path = root or journal_root()

    def all(self) -> Iterator[AccountRecord]:
        """Every account, by target and name."""
        for target, accounts in sorted(self._read()["accounts"].items()):
            for name, account in sorted(accounts.items()):
                yield self._record(target, name, account["keys"])

    def of(self, target: str) -> dict[str, AccountRecord]:
        """The accounts of one target, by name."""
        return {record.name: record for record in self.all() if record.target == target}

    def find(self, target: str, key: Secret | None, account: str | None = None) -> AccountRecord:
        """Finds an account without changing anything: the one named, else the key's, else the only one.

        Where no account is known yet, that is the one that the first job will make.

        Raises:
            UnknownAccountError: there is none of that name, or it cannot be told which one is meant.
            UnknownKeyError: the key belongs to no account that is known.
        """
        known = self.of(target)
        if account is not None and known:
            return self._named(known, target, account)
        if not known:
            return self._record(target, account or FIRST_ACCOUNT, ())
        if key is None:
            if len(known) == 1:
                return next(iter(known.values()))
            raise UnknownAccountError(target, sorted(known))
        prints = set(self.owner(key).fingerprints(self._salt()))
        mine = [record for record in known.values() if not prints.isdisjoint(record.keys)]
        if not mine:
            raise UnknownKeyError(target, sorted(known))
        return mine[0]

    def admit(
        self, target: str, key: Secret, account: str | None = None, *, new: bool = False
    ) -> tuple[AccountRecord, Owner]:
        """Finds the account that a key sends for, or makes it known.

        The first account of a target asks nothing. On this machine, where every sandbox has a key of its own,
        no account does.

        Args:
            target: What is sent to.
            key: The key of the calls.
            account: The account's name; None goes by the key alone.
            new: Whether the account may be one that is not known yet.

        Raises:
            UnknownKeyError: the key belongs to no account that is known, or to another than the one named.
            UnknownAccountError: there is no account of that name.
            ConfigurationError: the folder cannot be written, or the name cannot be one.
        """
        if account is not None:
            check_name(account)
        try:
            make_private(self.root)
            with locked(self.root / _LOCK):
                contents = self._read()
                record = self._admitted(contents, target, key, account, new=new)
                make_private(record.journal.parent)
                self._write(contents)
        except OSError as error:
            raise ConfigurationError(
                f"the folder of the journals {self.root} cannot be written "
                f"({(error.strerror or 'no folder').lower()}); set {JOURNAL_DIR_VARIABLE} to another one, or "
                "name a journal"
            ) from error
        return record, self.owner(key, account=record.name)

    def _admitted(
        self, contents: dict[str, Any], target: str, key: Secret, account: str | None, *, new: bool
    ) -> AccountRecord:
        salt = bytes.fromhex(contents["salt"])
        prints = [fingerprint(key, salt), *_kin(contents["renewals"], fingerprint(key, salt))]
        known: dict[str, Any] = contents["accounts"].setdefault(target, {})
        proved = {name: one for name, one in known.items() if one["proved"]}
        holder = next((name for name, one in known.items() if not set(prints).isdisjoint(one["keys"])), None)
        if holder is not None and account not in {None, holder}:
            raise UnknownKeyError(target, sorted(known), account=account, holder=holder)
        name = holder or self._joined(proved, target, prints[0], account, new=new)
        keys: list[str] = known.setdefault(name, {"keys": [], "proved": False})["keys"]
        keys.extend(one for one in prints[:1] if one not in keys)
        return self._record(target, name, keys)

    def _joined(
        self, known: Mapping[str, Any], target: str, own: str, account: str | None, *, new: bool
    ) -> str:
        """The account that a new key joins."""
        if account is not None:
            if known and account not in known and not new and target != LOCALHOST:
                raise UnknownAccountError(target, sorted(known), account)
            if account in known and new:
                raise UnknownKeyError(target, sorted(known), account=account)
            return account
        if not known:
            return FIRST_ACCOUNT
        if target == LOCALHOST:
            return f"account-{own[:12]}"
        raise UnknownKeyError(target, sorted(known))

    def prove(self, target: str, name: str) -> None:
        """Notes that the service has taken something for an account: from now on its journal is bound to it.

        Until then a mistyped key, or a trial that came to nothing, stands in nobody's way.

        Raises:
            OSError: it cannot be written.
        """
        if self._read()["accounts"].get(target, {}).get(name, {}).get("proved", True):
            return
        with locked(self.root / _LOCK):
            contents = self._read()
            contents["accounts"][target][name]["proved"] = True
            self._write(contents)

    def vouch(self, target: str, key: Secret, account: str | None) -> Owner:
        """The owner of a journal that the user names, which need not be an account's own.

        Raises:
            UnknownKeyError: the key is known to belong to another account than the one named.
            ConfigurationError: the list of accounts cannot be read or written.
        """
        try:
            make_private(self.root)
            with locked(self.root / _LOCK):
                self._write(self._read())  # so that later renewals are known under the same salt
        except OSError as error:
            raise ConfigurationError(f"the folder of the journals {self.root} cannot be written") from error
        prints = set(self.owner(key).fingerprints(self._salt()))
        known = self.of(target)
        holder = next((name for name, one in known.items() if not prints.isdisjoint(one.keys)), None)
        if holder is not None and account not in {None, holder}:
            raise UnknownKeyError(target, sorted(known), account=account, holder=holder)
        return self.owner(key, account=check_name(account) if account else holder or "")

    def owner(self, key: Secret, *, account: str = "") -> Owner:
        """The owner of a run with this key; a named account vouches for it."""
        contents = self._read()
        salt = bytes.fromhex(contents["salt"])
        kin = _kin(contents["renewals"], fingerprint(key, salt)) if contents["renewals"] else []
        return Owner(key=key, account=account, vouched=bool(account), salt=salt, kin=kin)

    def renewed(self, old: Secret, new: Secret) -> None:
        """Notes that a key took another's place, so that the account is known by the new one.

        Raises:
            OSError: it cannot be written.
        """
        make_private(self.root)
        with locked(self.root / _LOCK):
            contents = self._read()
            salt = bytes.fromhex(contents["salt"])
            contents["renewals"][fingerprint(new, salt)] = fingerprint(old, salt)
            self._write(contents)

    def _named(self, known: Mapping[str, AccountRecord], target: str, account: str) -> AccountRecord:
        if account not in known:
            raise UnknownAccountError(target, sorted(known), account)
        return known[account]

    def _record(self, target: str, name: str, keys: Sequence[str]) -> AccountRecord:
        journal = self.root / target / name / JOURNAL_NAME
        return AccountRecord(target=target, name=name, journal=journal, keys=tuple(keys))

    def _salt(self) -> bytes:
        return bytes.fromhex(self._read()["salt"])

    def _read(self) -> dict[str, Any]:
        path = self.root / _REGISTRY
        try:
            contents = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {"version": _VERSION, "salt": os.urandom(SALT_BYTES).hex(), "accounts": {}, "renewals": {}}
        except OSError as error:
            raise ConfigurationError(
                f"the list of accounts {path} cannot be read ({(error.strerror or 'no file').lower()})"
            ) from error
        except ValueError:
            contents = None
        if not isinstance(contents, dict) or contents.get("version") != _VERSION:
            raise ConfigurationError(
                f"the list of accounts {path} is damaged, or of a newer version of this SDK; restore it "
                "from a copy, or upgrade. Without it, it is not known which key belongs to which journal"
            )
        return contents

    def _write(self, contents: Mapping[str, Any]) -> None:
        content = json.dumps(contents, indent=1).encode()
        path = self.root / _REGISTRY
        if not path.exists() or path.read_bytes() != content:
            write_durably(path, content)


def _kin(renewals: Mapping[str, str], own: str) -> list[str]:
    """The fingerprints of the keys that a key was renewed from, the latest first."""
    found: list[str] = []
    while own in renewals and renewals[own] not in found:
        own = renewals[own]
        found.append(own)
    return found


def near(name: str, known: Sequence[str]) -> str | None:
    """The known name that a mistyped one may mean."""
    return next(iter(get_close_matches(name, known, n=1)), None)


async def note_renewal(old: Secret, new: Secret) -> None:
    """Has the accounts know that a key took another's place; where they cannot, the log says so."""
    try:
        await asyncio.to_thread(lambda: Accounts().renewed(old, new))
    except (ConfigurationError, OSError) as error:
        logger.warning(
            "the key was renewed, but its account could not be told of the new one (%s): the next job asks "
            "for the name of the account",
            error,
        )
