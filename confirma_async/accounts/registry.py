"""The list of accounts on this machine: their keys, as fingerprints, and their journals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from attrs import field, frozen

from confirma_async.accounts.account_list import AccountList, Contents, ListedAccount
from confirma_async.accounts.folders import JOURNAL_NAME, is_here, journal_root
from confirma_async.accounts.owner import Owner, check_name, fingerprint
from confirma_async.accounts.unknown import UnknownAccountError, UnknownKeyError
from confirma_async.errors import ConfigurationError, CredentialsError
from confirma_async.files import make_private
from confirma_async.privacy import Secret

logger: logging.Logger = logging.getLogger("confirma_async")

ACCOUNT_VARIABLE = "CONFIRMA_ACCOUNT"

FIRST_ACCOUNT = "default"
"""The name of a target's first account where the user gives none."""


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


class Accounts(AccountList):
    """The accounts that one user sends for.

    Args:
        root: The folder of their journals; the user's own unless given.

    Raises:
        ConfigurationError: there is no such folder, and none can be found.
    """

    def __init__(self, root: Path | None = None) -> None:
        super().__init__(root or journal_root())

    def all(self) -> Iterator[AccountRecord]:
        """Yield every account, by target and name."""
        for target, accounts in sorted(self.read().accounts.items()):
            for name, account in sorted(accounts.items()):
                yield self._record(target, name, account)

    def of(self, target: str) -> dict[str, AccountRecord]:
        """Return the accounts of one target, by name."""
        return {record.name: record for record in self.all() if record.target == target}

    def find(self, target: str, key: Secret | None, account: str | None = None) -> AccountRecord:
        """Find an account without changing anything: the one named, else the key's, else the only one.

        Where the key is of no account, that is the one that its first job will make.

        Raises:
            UnknownAccountError: there is none of that name, or it is not clear which one is meant.
            UnknownKeyError: the key belongs to no account that is known.
        """
        contents = self.read()
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
        return self._record(target, name, known.get(name, ListedAccount()))

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
        with self.changing() as contents:
            record = self._admitted(contents, target, key, account, new=new)
            make_private(record.journal.parent)
        return record, self.owner(key, account=record.name, vouched=record.proved or account is not None)

    def _admitted(
        self, contents: Contents, target: str, key: Secret, account: str | None, *, new: bool
    ) -> AccountRecord:
        own = fingerprint(key, contents.salt_bytes)
        known = contents.accounts.setdefault(target, {})
        holder = contents.holder_of(target, key)
        if holder is not None and account not in {None, holder}:
            raise UnknownKeyError(target, sorted(known), account=account, holder=holder)
        proved = sorted(name for name, one in known.items() if one.proved)
        name = holder or _joined(proved, target, own, account, new=new)
        joined = known.setdefault(name, ListedAccount())
        if holder is None and account is None and not joined.proved:
            joined.keys.clear()  # of the key before, nothing is known to have been taken
        if own not in joined.keys:
            joined.keys.append(own)
        return self._record(target, name, joined)

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
        known = self.read().accounts.get(target, {}).get(name)
        if known is None or known.proved:
            return
        with self.changing() as contents:
            account = contents.accounts.setdefault(target, {}).setdefault(name, ListedAccount())
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
            with self.changing() as contents:
                contents.accounts[mine.target][mine.name].proved = False

    def vouch(self, target: str, key: Secret, account: str | None) -> Owner:
        """Return the owner of a journal that the user names, which need not be an account's own.

        Raises:
            UnknownKeyError: the key is known to belong to another account than the one named.
            ConfigurationError: the list of accounts cannot be read or written.
        """
        with self.changing() as contents:  # so that later renewals are known under the same salt
            holder = contents.holder_of(target, key)
        if holder is not None and account not in {None, holder}:
            known = sorted(contents.accounts[target])
            raise UnknownKeyError(target, known, account=account, holder=holder)
        return self.owner(key, account=check_name(account) if account else holder or "")

    def check_successor(self, target: str, old: Secret, new: Secret) -> None:
        """Refuse a key that is found in the place of another account's.

        Args:
            target: What both are for.
            old: The key that was there before.
            new: The key that is there now. One that is known of no account may be a new one of the same.

        Raises:
            CredentialsError: the two are known to be of two accounts.
        """
        contents = self.read()
        former, holder = contents.holder_of(target, old), contents.holder_of(target, new)
        if former is not None and holder not in {None, former}:
            raise CredentialsError(
                f"where the key of the account {former} of {target} was kept is the key of {holder} now; it "
                "is not used. Give each account its own key again"
            )

    def owner(self, key: Secret, *, account: str = "", vouched: bool | None = None) -> Owner:
        """Return the owner of a run with this key; a named account vouches for it unless said otherwise."""
        contents = self.read()
        return Owner(
            key=key,
            account=account,
            vouched=bool(account) if vouched is None else vouched,
            salt=contents.salt_bytes,
            kin=contents.prints_of(key)[1:] if contents.renewals else (),
        )

    def renewed(self, old: Secret, new: Secret) -> None:
        """Note that a key took another's place, so that the account is known by the new one.

        Raises:
            ConfigurationError: the list cannot be read or written.
        """
        with self.changing() as contents:
            salt = contents.salt_bytes
            contents.renewals[fingerprint(new, salt)] = fingerprint(old, salt)

    def _record(self, target: str, name: str, account: ListedAccount) -> AccountRecord:
        journal = self.root / target / name / JOURNAL_NAME
        return AccountRecord(
            target=target, name=name, journal=journal, keys=tuple(account.keys), proved=account.proved
        )


def _joined(proved: Sequence[str], target: str, own: str, account: str | None, *, new: bool) -> str:
    """Return the account that a new key joins."""
    if account is not None:
        if proved and account not in proved and not new and not is_here(target):
            raise UnknownAccountError(target, proved, account)
        if account in proved and new:
            raise UnknownKeyError(target, proved, account=account)
        return account
    if not proved:
        return FIRST_ACCOUNT
    if is_here(target):
        return automatic_name(own)
    raise UnknownKeyError(target, proved)


def automatic_name(own: str) -> str:
    """Return the name of an account that nobody has named, from its key's fingerprint."""
    return f"account-{own[:12]}"


def near(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that a mistyped one may mean."""
    return next(iter(get_close_matches(name, known, n=1)), None)


async def check_successor(target: str, old: Secret, new: Secret) -> None:
    """Check a key that is found in another's place; see ``Accounts.check_successor``."""
    with contextlib.suppress(ConfigurationError):  # there is no list: its own journal alone knows the account
        await asyncio.to_thread(lambda: Accounts().check_successor(target, old, new))


async def note_renewal(old: Secret, new: Secret) -> None:
    """Have the accounts know that a key took another's place; where they cannot, the log says so."""
    try:
        await asyncio.to_thread(lambda: Accounts().renewed(old, new))
    except ConfigurationError as error:
        logger.warning(
            "the key was renewed, but its account could not take note of it (%s): the next job asks "
            "for the name of the account",
            error,
        )
