"""The accounts of a mirror, which several accounts may share; their records are kept apart."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from confirma_async.accounts.folders import LOCALHOST, target_of
from confirma_async.accounts.owner import AccountName, Owner, fingerprint
from confirma_async.accounts.registry import Accounts, automatic_name
from confirma_async.errors import MirrorError
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.privacy import Secret


@frozen
class MirroredAccount:
    """An account in a mirror.

    Attributes:
        id: The number that the mirror gave it.
        target: The base URL, or the sandbox, that it is an account of.
        name: The account's name.
        salt: The salt of its keys' fingerprints, as hexadecimal digits.
        prints: The fingerprints of its keys, as hexadecimal digits.
        since: The first day of which the mirror reads records.
    """

    id: int
    target: str
    name: str
    salt: str
    prints: Sequence[str]
    since: datetime.date


@frozen(kw_only=True)
class Claimant:
    """A caller that wants to read or write a mirror.

    Attributes:
        target: The base URL that is called.
        name: The account's name; None if only the key says which account it is.
        owner: The key, and the account that it is known to belong to.
        journal: The account's own journal; None if it does not exist.
    """

    target: str
    name: str | None
    owner: Owner
    journal: Path | None = None


def claimant(base_url: str, key: Secret, account: AccountName) -> Claimant:
    """Find the account of a key, as a job does.

    Raises:
        UnknownKeyError: the key belongs to no account that is known here, while others are.
        UnknownAccountError: there is no account of that name.
        ConfigurationError: the list of accounts cannot be read or written.
    """
    accounts, target = Accounts(), target_of(base_url)
    owner = accounts.vouch(target, key, account.name)
    record = accounts.find(target, key, account.name)
    name = owner.account or account.name or (None if target == LOCALHOST else record.name)
    journal = record.journal if record.journal.exists() else None
    return Claimant(target=target, name=name, owner=owner, journal=journal)


def accounts_of(database: MirrorDatabase) -> list[MirroredAccount]:
    """Return the accounts in a mirror, in the order in which they were added."""
    rows = database.rows("SELECT id, target, name, salt, prints, since FROM account ORDER BY id")
    return [
        MirroredAccount(ident, target, name, salt, json.loads(prints), datetime.date.fromisoformat(since))
        for ident, target, name, salt, prints, since in rows
    ]


def admitted(database: MirrorDatabase, who: Claimant, since: datetime.date | None = None) -> MirroredAccount:
    """Return the account of a key, and add a new key or account to the mirror.

    Args:
        database: The mirror.
        who: The caller, with its key.
        since: The first day to follow, for an account that is added; None if the mirror must know the
            account.

    Raises:
        MirrorError: the key is of another account than the mirror knows by that name, or the mirror does not
            know its account.
    """
    known = [account for account in accounts_of(database) if account.target == who.target]
    mine = next((account for account in known if _knows(account, who.owner)), None)
    named = next((account for account in known if account.name == who.name), None)
    if mine is not None and who.name in {None, mine.name}:
        return mine
    if mine is not None or (named is not None and not who.owner.vouched):
        whose = (mine or named or known[0]).name
        raise MirrorError(
            f"this key is not of the account that the mirror {database.name} means: it knows {whose} by "
            "other keys, or this key as one of that, and mixes no two accounts. If it is a new key of the "
            "same account, name that (account=)"
        )
    prints = who.owner.fingerprints(who.owner.salt)
    if named is not None:
        own = fingerprint(who.owner.key, bytes.fromhex(named.salt))
        database.run(
            "UPDATE account SET prints = ? WHERE id = ?", (json.dumps([*named.prints, own]), named.id)
        )
        return named
    if since is None:
        raise MirrorError(
            f"the mirror {database.name} holds nothing of this account yet; mirror.sync() reads it"
        )
    with database.transaction():
        ((last,),) = database.rows("SELECT coalesce(max(id), 0) FROM account")
        name = who.name or automatic_name(prints[0])
        database.run(
            "INSERT INTO account (id, target, name, salt, prints, since) VALUES (?, ?, ?, ?, ?, ?)",
            (last + 1, who.target, name, who.owner.salt.hex(), json.dumps(prints), since.isoformat()),
        )
    return accounts_of(database)[-1]


def forget_if_empty(database: MirrorDatabase, account: MirroredAccount) -> None:
    """Remove an account of which nothing was read; otherwise a mistyped key would leave one behind."""
    mine = (account.id,)
    tables = ("reading", "record", "sent", "consumer")
    if any(database.rows(f"SELECT 1 FROM {table} WHERE account = ? LIMIT 1", mine) for table in tables):
        return
    with database.transaction():
        database.run("DELETE FROM run WHERE account = ?", mine)
        database.run("DELETE FROM account WHERE id = ?", mine)


def _knows(account: MirroredAccount, owner: Owner) -> bool:
    return not set(account.prints).isdisjoint(owner.fingerprints(bytes.fromhex(account.salt)))


def chosen(database: MirrorDatabase, name: str | None = None) -> MirroredAccount:
    """Return the account of a name, or the only account if no name is given.

    Raises:
        MirrorError: there is no account of that name, or no name was given and there are several.
    """
    known = accounts_of(database)
    found = [account for account in known if name is None or account.name == name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(account.name for account in known) or "none"
    if name is None and found:
        raise MirrorError(f"the mirror {database.name} holds several accounts ({names}); name one (account=)")
    if name is None:
        raise MirrorError(f"the mirror {database.name} holds no account yet; mirror.sync() reads one")
    raise MirrorError(f"the mirror {database.name} holds no account {name}, but {names}")
