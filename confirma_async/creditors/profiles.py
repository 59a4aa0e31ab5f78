"""Profiles: which key, sellers, rate and journal each account of a partner has."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from attrs import field, frozen

from confirma_async import bounds
from confirma_async.accounts.owner import check_name
from confirma_async.bounds import within
from confirma_async.bulk.journal_places import PostgresPlace, is_url, place_of
from confirma_async.credentials import Credentials, FileTokenStore
from confirma_async.errors import ConfigurationError, Problem, RequestInvalidError
from confirma_async.formats.models import DocumentRef
from confirma_async.privacy import number_shown, printable
from confirma_async.schemas.identity import same_seller

RULE = "profiles.seller"
"""The rule that every invoice is of a seller that one profile names."""


def _sellers(identifiers: Iterable[str]) -> tuple[str, ...]:
    if isinstance(identifiers, str):
        raise ConfigurationError("sellers must be a list of business ids or VAT codes")
    return tuple(map(same_seller, identifiers))


def _one_place(journal: str | Path | PostgresPlace | None) -> Path | PostgresPlace | None:
    place = None if journal is None else place_of(journal)
    return place.absolute() if isinstance(place, Path) else place


@frozen(kw_only=True)
class Profile:
    """A client account of a partner: its key, its sellers, its rate and its journal.

    Attributes:
        account: The account's name, under which its journal is kept.
        key: The account's key, in any form that ``Confirma`` takes.
        sellers: The business ids or VAT codes of the sellers whose invoices this account sends; in any
            spelling.
        per_second: Calls per second at most for this account, from 0.001 to 100,000; None for only the limit
            that all accounts share. In a file it is ``rate``.
        journal: A file or a PostgreSQL URL; the account's own journal unless given.

    Raises:
        ConfigurationError: the name cannot be one, no seller is named or one is empty, or the rate is out of
            its bounds.
    """

    account: str = field(converter=check_name)
    key: Credentials = field(repr=False)
    sellers: tuple[str, ...] = field(converter=_sellers)
    per_second: float | None = field(default=None, validator=within(bounds.PER_SECOND, optional=True))
    journal: Path | PostgresPlace | None = field(default=None, converter=_one_place)

    def __attrs_post_init__(self) -> None:
        if not self.sellers or "" in self.sellers:
            raise ConfigurationError(
                f"the profile {self.account} must name the seller of every invoice that it is to send, by "
                "business id or VAT code"
            )


class Profiles(Mapping[str, Profile]):
    """The accounts of a partner, by name. No seller, key or journal belongs to two of them.

    Args:
        profiles: The profiles.

    Raises:
        ConfigurationError: there is none, or two have the same name, seller, key or journal.
    """

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._profiles: dict[str, Profile] = {}
        self._owners: dict[str, str] = {}
        for profile in profiles:
            self._add(profile)
        if not self._profiles:
            raise ConfigurationError("there is no profile; name one for each account")

    def _add(self, profile: Profile) -> None:
        name = profile.account
        if any(name.casefold() == other.casefold() for other in self._profiles):
            raise ConfigurationError(f"two profiles have the name {name}; names differ in more than case")
        for other in self._profiles.values():
            if other.key is profile.key or (isinstance(other.key, str) and other.key == profile.key):
                raise ConfigurationError(f"the profiles {other.account} and {name} have the same key")
            if profile.journal is not None and profile.journal == other.journal:
                raise ConfigurationError(f"the profiles {other.account} and {name} have the same journal")
        for seller in dict.fromkeys(profile.sellers):
            owner = self._owners.setdefault(seller, name)
            if owner != name:
                raise ConfigurationError(
                    f"the seller {number_shown(seller)} stands in two profiles, {owner} and {name}; whose "
                    "invoices are whose must be clear"
                )
        self._profiles[name] = profile

    def __getitem__(self, account: str) -> Profile:
        return self._profiles[account]

    def __iter__(self) -> Iterator[str]:
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)

    def account_of(self, seller: str) -> str:
        """Return the account that sends the invoices of a seller.

        Args:
            seller: The seller's business id or VAT code, in any spelling; empty where an invoice names none.

        Raises:
            RequestInvalidError: the seller is in no profile, or the invoice names none.
        """
        account = self._owners.get(same_seller(seller))
        if account is None:
            raise RequestInvalidError("the invoice", [_unowned(seller)])
        return account

    def count(self, documents: Iterable[DocumentRef]) -> Mapping[str, int]:
        """Count the documents of each account, before anything of them is sent.

        Args:
            documents: The documents, as ``scan_files`` yields them.

        Raises:
            RequestInvalidError: some sellers are in no profile; the message names all of them.
        """
        found, unowned = Counter[str](), dict[str, Problem]()
        for document in documents:
            seller = document.identity.seller
            account = self._owners.get(seller)
            if account is not None:
                found[account] += 1
            elif seller not in unowned:
                unowned[seller] = _unowned(seller, f" (it stands first at {document.place})")
        if unowned:
            raise RequestInvalidError("the job", list(unowned.values()))
        return found

    @classmethod
    def from_toml(cls, path: str | Path) -> Profiles:
        """Read profiles from a TOML file: a table for each account, under the account's name.

        ``key_file`` (relative to the file) or ``key_variable`` says where its key is; ``sellers`` lists
        business ids or VAT codes; ``rate`` and ``journal`` may be left out.

        Raises:
            ConfigurationError: the file cannot be read, is not TOML, or holds anything else.
        """
        from confirma_async.converters.strict import StrictConverter, read_filled  # only where one is

        converter = StrictConverter()
        converter.register_structure_hook(str, read_filled)
        document, folder = str(path), Path(path).parent
        tables = converter.read_file(path, dict[str, _ProfileTable], document)
        try:
            return cls(table.profile(name, folder) for name, table in tables.items())
        except ConfigurationError as error:
            raise ConfigurationError(f"{document}: {error}") from error


def _unowned(seller: str, where: str = "") -> Problem:
    message = (
        f"no profile names the seller {number_shown(seller)}; add it to the profile of its account{where}"
        if seller
        else f"the invoice names no seller, so that it is not clear whose key it goes out with{where}"
    )
    return Problem("$.invoice.parties.sellerParty", RULE, message)


@frozen(kw_only=True)
class _ProfileTable:
    """A profile as it stands in a file."""

    key_file: str | None = None
    key_variable: str | None = None
    sellers: tuple[str, ...]
    rate: float | None = None
    journal: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.key_file is None) == (self.key_variable is None):
            raise ValueError("must hold either key_file or key_variable")

    def profile(self, account: str, folder: Path) -> Profile:
        """Return the profile; its files are those below the folder."""
        if self.rate is not None:
            bounds.PER_SECOND.check(f"{printable(account)}.rate", self.rate)
        journal = self.journal
        return Profile(
            account=account,
            key=self._key(account, folder),
            sellers=self.sellers,
            per_second=self.rate,
            journal=journal if journal is None or is_url(journal) else folder / journal,
        )

    def _key(self, account: str, folder: Path) -> Credentials:
        if self.key_variable is None:
            return FileTokenStore(folder / cast("str", self.key_file))
        key = os.environ.get(self.key_variable)
        if not key:
            raise ConfigurationError(
                f"{printable(account)}: the environment variable {printable(self.key_variable)} is not set"
            )
        return key
