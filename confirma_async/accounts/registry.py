"""The list of accounts on this machine: their keys, as fingerprints, and their journals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import msgspec
from attrs import field, frozen

from confirma_async.accounts.folders import JOURNAL_DIR_VARIABLE, JOURNAL_NAME, LOCALHOST, journal_root
from confirma_async.accounts.owner import SALT_BYTES, Owner, check_name, fingerprint
from confirma_async.errors import ConfigurationError, UnknownAccountError, UnknownKeyError
from confirma_async.files import locked, make_private, write_durably
from confirma_async.secret import Secret

logger: logging.Logger = logging.getLogger("confirma_async")

ACCOUNT_VARIABLE = "CONFIRMA_ACCOUNT"

FIRST_ACCOUNT = "default"
"""The name of a target's first account where the user gives none."""

_REGISTRY = "accounts.json"
_LOCK = "accounts.lock"
_VERSION = 1


@frozen(kw_only=True)
class AccountRecord:
    """An account that is known.

    Attributes:
        target: What it is an account of.
        name: Its name.
        journal: Its journal, which may not be there yet.
        keys: Fingerprints of the keys that it has had.
        proved: Whether the service is known to have taken anything for it.
    """

    target: str
    name: str
    journal: Path
    keys: Sequence[str] = field(repr=False)
    proved: bool = False


class _Account(msgspec.Struct):
    """An account in the list: its keys, and whether the service is known to have taken anything for it."""

    keys: list[str] = []
    proved: bool = False


class _Contents(msgspec.Struct):
    """The list of accounts, as it lies in its file."""

    version: int
    salt: str
    accounts: dict[str, dict[str, _Account]]
    renewals: dict[str, str]

    @property
    def salt_bytes(self) -> bytes:
        return bytes.fromhex(self.salt)


_decode = msgspec.json.Decoder(_Contents).decode  # here: made by two threads at once, it would crash


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
        """Yield every account, by target and name."""
        for target, accounts in sorted(self._read().accounts.items()):
            for name, account in sorted(accounts.items()):
                yield self._record(target, name, account)

    def of(self, target: str) -> dict[str, AccountRecord]:
        """Return the accounts of one target, by name."""
        return {record.name: record for record in self.all() if record.target == target}

    def find(self, target: str, key: Secret | None, account: str | None = None) -> AccountRecord:
        """Find an account without changing anything: the one named, else the key's, else the only one.

        Where the key is of no account, that is the one that its first job will make.

        Raises:
            UnknownAccountError: there is none of that name, or it cannot be told which one is meant.
            UnknownKeyError: the key belongs to no account that is known.
        """
        contents = self._read()
        known = contents.accounts.get(target, {})
        if account is not None and known:
            if account not in known:
                raise UnknownAccountError(target, sorted(known), account)
            return self._record(target, account, known[account])
        if key is not None:
            return self._admitted(contents, target, key, account, new=False)
        if len(known) > 1:
            raise UnknownAccountError(target, sorted(known))
        name = next(iter(known), account or FIRST_ACCOUNT)
        return self._record(target, name, known.get(name, _Account()))

    def admit(
        self, target: str, key: Secret, account: str | None = None, *, new: bool = False
    ) -> tuple[AccountRecord, Owner]:
        """Find the account that a key sends for, or make it known.

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
        with self._changing() as contents:
            record = self._admitted(contents, target, key, account, new=new)
            make_private(record.journal.parent)
        return record, self.owner(key, account=record.name, vouched=record.proved or account is not None)

    def _admitted(
        self, contents: _Contents, target: str, key: Secret, account: str | None, *, new: bool
    ) -> AccountRecord:
        prints = _prints(contents, key)
        known = contents.accounts.setdefault(target, {})
        holder = _holder(known, prints)
        if holder is not None and account not in {None, holder}:
            raise UnknownKeyError(target, sorted(known), account=account, holder=holder)
        proved = sorted(name for name, one in known.items() if one.proved)
        name = holder or self._joined(proved, target, prints[0], account, new=new)
        joined = known.setdefault(name, _Account())
        if holder is None and account is None and not joined.proved:
            joined.keys.clear()  # of the key before, nothing is known to have been taken
        if prints[0] not in joined.keys:
            joined.keys.append(prints[0])
        return self._record(target, name, joined)

    def _joined(self, proved: Sequence[str], target: str, own: str, account: str | None, *, new: bool) -> str:
        """Return the account that a new key joins."""
        if account is not None:
            if proved and account not in proved and not new and target != LOCALHOST:
                raise UnknownAccountError(target, proved, account)
            if account in proved and new:
                raise UnknownKeyError(target, proved, account=account)
            return account
        if not proved:
            return FIRST_ACCOUNT
        if target == LOCALHOST:
            return automatic_name(own)
        raise UnknownKeyError(target, proved)

    def prove(self, target: str, name: str, keys: Sequence[str]) -> None:
        """Note that the service has taken something for an account: from now on its journal is bound to it.

        Until then a mistyped key, or a trial that came to nothing, stands in nobody's way.

        Args:
            target: What was sent to.
            name: The account.
            keys: The fingerprints of the keys that its journal knows, which alone are its keys from now on.

        Raises:
            ConfigurationError: the list cannot be read or written.
        """
        known = self._read().accounts.get(target, {}).get(name)
        if known is None or known.proved:
            return
        with self._changing() as contents:
            account = contents.accounts.setdefault(target, {}).setdefault(name, _Account())
            account.proved = True
            account.keys = list(keys)

    def begin_anew(self, journal: Path) -> None:
        """Note that the journal of an account was set aside: the next one may be begun.

        Args:
            journal: The journal; nothing is changed for one that is no account's.

        Raises:
            ConfigurationError: the list cannot be read or written.
        """
        mine = next((record for record in self.all() if record.journal.resolve() == journal.resolve()), None)
        if mine is not None and mine.proved:
            with self._changing() as contents:
                contents.accounts[mine.target][mine.name].proved = False

    def vouch(self, target: str, key: Secret, account: str | None) -> Owner:
        """Return the owner of a journal that the user names, which need not be an account's own.

        Raises:
            UnknownKeyError: the key is known to belong to another account than the one named.
            ConfigurationError: the list of accounts cannot be read or written.
        """
        with self._changing() as contents:  # so that later renewals are known under the same salt
            known = contents.accounts.get(target, {})
            holder = _holder(known, _prints(contents, key))
        if holder is not None and account not in {None, holder}:
            raise UnknownKeyError(target, sorted(known), account=account, holder=holder)
        return self.owner(key, account=check_name(account) if account else holder or "")

    def owner(self, key: Secret, *, account: str = "", vouched: bool | None = None) -> Owner:
        """Return the owner of a run with this key; a named account vouches for it unless said otherwise."""
        contents = self._read()
        return Owner(
            key=key,
            account=account,
            vouched=bool(account) if vouched is None else vouched,
            salt=contents.salt_bytes,
            kin=_prints(contents, key)[1:] if contents.renewals else (),
        )

    def renewed(self, old: Secret, new: Secret) -> None:
        """Note that a key took another's place, so that the account is known by the new one.

        Raises:
            ConfigurationError: the list cannot be read or written.
        """
        with self._changing() as contents:
            salt = contents.salt_bytes
            contents.renewals[fingerprint(new, salt)] = fingerprint(old, salt)

    @property
    def is_lost(self) -> bool:
        """Whether there are journals of accounts, and no list that says whose they are."""
        return not (self.root / _REGISTRY).exists() and any(self.journals())

    def journals(self) -> Iterator[Path]:
        """Return the journals that lie in the folder, in order."""
        return iter(sorted(self.root.glob(f"*/*/{JOURNAL_NAME}")))

    def rebuild(self, salt: bytes, owners: Mapping[Path, Sequence[str]]) -> None:
        """Make the list anew from what the journals know of their owners.

        Args:
            salt: The salt of the fingerprints.
            owners: The fingerprints of each journal's keys.

        Raises:
            ConfigurationError: the list cannot be written.
        """
        accounts: dict[str, dict[str, _Account]] = {}
        for journal, keys in owners.items():
            of_target = accounts.setdefault(journal.parent.parent.name, {})
            of_target[journal.parent.name] = _Account(list(keys), proved=True)
        with self._changing(_Contents(_VERSION, salt.hex(), accounts, {})):
            pass

    def _record(self, target: str, name: str, account: _Account) -> AccountRecord:
        journal = self.root / target / name / JOURNAL_NAME
        return AccountRecord(
            target=target, name=name, journal=journal, keys=tuple(account.keys), proved=account.proved
        )

    @contextlib.contextmanager
    def _changing(self, anew: _Contents | None = None) -> Generator[_Contents]:
        """Yield the list, locked, and written when the block ends."""
        try:
            make_private(self.root)
            with locked(self.root / _LOCK):
                contents = anew or self._read()
                yield contents
                self._write(contents)
        except OSError as error:
            cure = (
                "make it writable: journals in another place would not know what was sent"
                if self.root.is_dir()
                else f"set {JOURNAL_DIR_VARIABLE} to a folder that lasts, or name a journal"
            )
            reason = (error.strerror or "no folder").lower()
            raise ConfigurationError(
                f"the folder of the journals {self.root} cannot be written ({reason}); {cure}"
            ) from error

    def _read(self) -> _Contents:
        path = self.root / _REGISTRY
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            if any(self.journals()):
                raise ConfigurationError(
                    f"the list of accounts {path} is gone, and the journals beside it are still there; the "
                    "next job makes it anew from them. Until then, name a journal by its path"
                ) from None
            return _Contents(_VERSION, os.urandom(SALT_BYTES).hex(), {}, {})
        except OSError as error:
            raise ConfigurationError(
                f"the list of accounts {path} cannot be read ({(error.strerror or 'no file').lower()})"
            ) from error
        contents = _decoded(content)
        if contents is None:
            raise ConfigurationError(
                f"the list of accounts {path} is damaged, or of a newer version of this SDK; restore it "
                "from a copy, or upgrade. Without it, it is not known which key belongs to which journal. If "
                "you remove it, the next job makes it anew from the journals"
            )
        return contents

    def _write(self, contents: _Contents) -> None:
        content = msgspec.json.format(msgspec.json.encode(contents), indent=1)
        path = self.root / _REGISTRY
        if not path.exists() or path.read_bytes() != content:
            write_durably(path, content)


def _decoded(content: bytes) -> _Contents | None:
    """Return the list, if it is one of this version."""
    try:
        contents = _decode(content)
        well = contents.version == _VERSION and len(contents.salt_bytes) == SALT_BYTES
    except ValueError:
        return None
    return contents if well else None


def automatic_name(own: str) -> str:
    """Return the name of an account that nobody has named, from its key's fingerprint."""
    return f"account-{own[:12]}"


def _prints(contents: _Contents, key: Secret) -> list[str]:
    """Return the fingerprints of a key, and of those that it was renewed from."""
    own = fingerprint(key, contents.salt_bytes)
    return [own, *_kin(contents.renewals, own)]


def _holder(known: Mapping[str, _Account], prints: Sequence[str]) -> str | None:
    """Return the account that a key belongs to, if it is known."""
    return next((name for name, one in known.items() if not set(prints).isdisjoint(one.keys)), None)


def _kin(renewals: Mapping[str, str], own: str) -> list[str]:
    """Return the fingerprints of the keys that a key was renewed from, the latest first."""
    found: list[str] = []
    while own in renewals and renewals[own] not in found:
        own = renewals[own]
        found.append(own)
    return found


def near(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that a mistyped one may mean."""
    return next(iter(get_close_matches(name, known, n=1)), None)


async def note_renewal(old: Secret, new: Secret) -> None:
    """Have the accounts know that a key took another's place; where they cannot, the log says so."""
    try:
        await asyncio.to_thread(lambda: Accounts().renewed(old, new))
    except ConfigurationError as error:
        logger.warning(
            "the key was renewed, but its account could not be told of the new one (%s): the next job asks "
            "for the name of the account",
            error,
        )
