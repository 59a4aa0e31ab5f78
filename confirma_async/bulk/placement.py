"""Finds the journal of a run: the account's own, or one that the caller names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

from confirma_async.accounts.folders import LOCALHOST, partner_of, target_of
from confirma_async.accounts.owner import AccountName, Owner
from confirma_async.accounts.registry import Accounts
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal_places import JournalPlace, open_journal, place_of
from confirma_async.bulk.sqlite.file.file_systems import ends_with_its_container
from confirma_async.bulk.sqlite.file.guard import gone
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.reader import reading, reading_if_there
from confirma_async.errors import ConfigurationError, JournalError
from confirma_async.privacy import Secret

OpenJournal: TypeAlias = Callable[[], Journal]
"""Opens a journal. It is called in the thread that will use the journal."""


@frozen(kw_only=True)
class Placement:
    """The journal of a run: where it is, how it is opened, and whose it is.

    Attributes:
        path: Its file or its database; None for a journal of another form.
        open: Opens the journal.
        target: What the journal is bound to: a base URL, or a name such as that of the sandbox.
        owner: The account, and the key that the calls use.
        warning: Why the journal's place may not be durable; None where it is.
        prove: Writes to the list of accounts that the service has taken something for this account, and the
            fingerprints of the keys that the journal knows; None for a journal that the caller names.
    """

    path: JournalPlace | None = None
    open: OpenJournal
    target: str
    owner: Owner
    warning: str | None = None
    prove: Callable[[Sequence[str]], None] | None = None


JournalSource: TypeAlias = str | JournalPlace | OpenJournal | Placement | None
"""How a caller names a journal: a file, the URL of a PostgreSQL database, a function that opens a journal of
another form, or None for the account's own."""


def place(
    journal: JournalSource,
    *,
    base_url: str,
    key: Secret,
    account: AccountName,
    target: str | None = None,
    partner: bool = False,
) -> Placement:
    """Find the journal of a run, and make its account known.

    Args:
        journal: The journal that the caller named; None for the account's own.
        base_url: The base URL of the calls.
        key: The key of the calls.
        account: What the caller said about the account: its name, and whether it may be new.
        target: What the journal is tied to; the base URL unless given.
        partner: Whether the key is the partner's provisioning token, which has a journal of its own.

    Raises:
        ConfigurationError: the key belongs to no known account, or there is no place for the journal.
        JournalError: the account's own journal is gone, and the service has taken something for the account.
    """
    if isinstance(journal, Placement):
        return journal
    host = target_of(base_url)
    at = partner_of(host) if partner else host
    if journal is None:
        accounts = Accounts()
        restore_list(accounts)
        _prove_what_has_sent(accounts, at)
        record, owner = accounts.admit(at, key, account.name, new=account.new)
        if record.proved and not record.journal.exists():  # it must not begin anew
            raise gone(record.journal)
        default = LOCALHOST if host == LOCALHOST else base_url
        return Placement(
            path=record.journal,
            open=partial(open_sqlite, record.journal),
            target=target or default,
            owner=owner,
            warning=_mortal(record.journal),
            prove=partial(accounts.prove, at, record.name),
        )
    owner, target = _owner(at, key, account), target or base_url
    if callable(journal):
        return Placement(open=journal, target=target, owner=owner)
    path = place_of(journal)
    warning = None
    if isinstance(path, Path):
        path = path.absolute()
        warning = _mortal(path)
    return Placement(path=path, open=partial(open_journal, path), target=target, owner=owner, warning=warning)


def _prove_what_has_sent(accounts: Accounts, target: str) -> None:
    """Write to the list of accounts whose journals have sent something: a run that died could not do so.

    A journal that cannot be read counts as one that has sent. Its known keys stay as they are.
    """
    for record in accounts.of(target).values():
        if record.proved:
            continue
        try:
            with reading_if_there(record.journal) as journal:
                owned = None if journal is None else journal.ownership
                keys = owned.fingerprints()[1] if owned is not None and owned.has_sent() else None
        except JournalError:
            keys = record.keys
        if keys is not None:
            accounts.prove(target, record.name, keys)


def restore_list(accounts: Accounts) -> None:
    """Make the list of accounts anew, where it is gone, from the journals, which know their owners.

    Raises:
        ConfigurationError: the journals cannot be read, or come from several lists.
    """
    if not accounts.is_lost:
        return
    owners: dict[Path, Sequence[str]] = {}
    salts = set[bytes]()
    for path in accounts.journals():
        try:
            with reading(path) as journal:
                salt, owners[path] = journal.ownership.fingerprints()
        except JournalError as error:
            raise ConfigurationError(
                f"the list of accounts in {accounts.root} is gone, and cannot be made anew: {error}"
            ) from error
        salts.add(salt)
    if len(salts) > 1:
        raise ConfigurationError(
            f"the list of accounts in {accounts.root} is gone, and the journals there come from several "
            "lists; restore it from a copy"
        )
    accounts.rebuild(salts.pop(), owners)


def _owner(target: str, key: Secret, account: AccountName) -> Owner:
    """Return the owner of a journal that the caller names. The account need not be known on this machine."""
    try:
        return Accounts().vouch(target, key, account.name)
    except ConfigurationError:
        if account.name is None:
            return Owner(key=key)
        raise


def _mortal(path: Path) -> str | None:
    why = ends_with_its_container(path.parent)
    return why and (
        f"the journal {path} lies {why}: what was sent is forgotten with it. Keep journals on storage that "
        "lasts"
    )
