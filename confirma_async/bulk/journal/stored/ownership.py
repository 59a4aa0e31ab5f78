"""The owner of a journal, in its tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.journal.rules import check_target, foreign_key, tie
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import milliseconds


class StoredOwnership:
    """``Ownership`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
        others_run: Says whether other jobs run on the journal. Their key is the account's even before they
            have sent anything.
        have_planned: Says whether invoices are planned in it, which workers will send with the account's key.
    """

    def __init__(
        self,
        tables: Tables,
        others_run: Callable[[], bool] = lambda: False,
        have_planned: Callable[[], bool] = lambda: False,
    ) -> None:
        self._tables = tables
        self._others_run = others_run
        self._have_planned = have_planned

    def target(self) -> str | None:
        """See ``Ownership``."""
        return self._tables.kept().get("target")

    def account(self) -> str:
        """See ``Ownership``."""
        return self._tables.kept().get("account", "")

    def fingerprints(self) -> tuple[bytes, Sequence[str]]:
        """See ``Ownership``."""
        found = self._tables.few("SELECT fingerprint FROM owner ORDER BY at")
        return bytes.fromhex(self._tables.kept().get("salt", "")), [own for (own,) in found]

    def has_sent(self) -> bool:
        """See ``Ownership``."""
        tables = self._tables
        sent = (
            f"SELECT EXISTS (SELECT 1 FROM item WHERE {tables.is_final}) OR EXISTS (SELECT 1 FROM archived) "
            f"OR EXISTS (SELECT 1 FROM item WHERE {tables.is_open} AND state IN (2, 3)) OR "
            "EXISTS (SELECT 1 FROM write WHERE state NOT IN (0, 1))"
        )
        return bool(tables.one(sent))

    def tie(self, target: str, owner: Owner | None, *, now: float) -> None:
        """See ``Ownership``."""
        self._tables.lock()  # also for those who give numbers
        check_target(self._tables.name, self.target(), target)
        self._tables.keep({"target": target})
        if owner is None:
            return
        tied = tie(self._tables.kept(), self.fingerprints()[1], owner, self._check_unused)
        if tied.forgets:
            self._tables.change("DELETE FROM owner")
        self._tables.keep(tied.kept)
        self._add(tied.fingerprint, now)

    def _check_unused(self, account: str) -> None:
        planned = self._have_planned()
        if planned or self._others_run() or self.has_sent():
            raise foreign_key(self._tables.name, account, planned=planned)

    def renew(self, owner: Owner, *, now: float) -> None:
        """Keep the key that the last calls of a run bore, which was renewed during the run."""
        own, *_ = owner.fingerprints(bytes.fromhex(self._tables.kept()["salt"]))
        self._add(own, now)

    def _add(self, fingerprint: str, now: float) -> None:
        self._tables.change(
            "INSERT INTO owner VALUES (?, ?) ON CONFLICT DO NOTHING", fingerprint, milliseconds(now)
        )
