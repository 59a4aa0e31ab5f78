"""The sandbox's state in SQLite, in memory or in a file, one module of tables for each of its subjects.

A file survives a crash of the process with everything that was answered for; it is not synced to the disk
on every commit, so a power cut may take the last moments with it. One sandbox at a time owns a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from confirma_async.sandbox.rules.invoices import Transition
from confirma_async.sandbox.store import (
    accounting,
    accounts,
    cases,
    einvoice_directory,
    invoices,
    money,
    schedule,
    told,
)
from confirma_async.sandbox.store.accounts import SandboxClient
from confirma_async.sandbox.store.database import Database
from confirma_async.sandbox.store.invoices import StoredInvoice

__all__ = ["SandboxClient", "Store", "StoredInvoice"]

_TABLES = (accounts, invoices, schedule, cases, money, accounting, einvoice_directory, told)


class Store:
    """All tables over one database. Safe to use from any thread.

    Args:
        path: The file; None keeps everything in memory.
        transitions: The steps that invoices take, earlier ones first.

    Attributes:
        accounts: Clients, tokens, and facts of the sandbox as a whole.
        invoices: Invoices up to their delivery.
        schedule: What happens by itself after it.
        cases: Cases, their history, and queued actions.
        money: Payments and settlements.
        records: What goes to the accounting system.
        einvoice_directory: Who receives e-invoices where.
        told: Records that are told of as they were given.

    Raises:
        ConfigurationError: the file cannot be opened, is in use, or is not of a sandbox.
    """

    def __init__(self, path: str | Path | None, transitions: Iterable[Transition]) -> None:
        self._database = Database(path, [statement for table in _TABLES for statement in table.SCHEMA])
        self.accounts: accounts.ClientTable = accounts.ClientTable(self._database)
        self.invoices: invoices.InvoiceTable = invoices.InvoiceTable(self._database, transitions)
        self.schedule: schedule.Schedule = schedule.Schedule(self._database)
        self.cases: cases.CaseTable = cases.CaseTable(self._database)
        self.money: money.PaymentTable = money.PaymentTable(self._database)
        self.records: accounting.RecordTable = accounting.RecordTable(self._database)
        self.einvoice_directory: einvoice_directory.AddressTable = einvoice_directory.AddressTable(
            self._database
        )
        self.told: told.ToldTable = told.ToldTable(self._database)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Write to several tables, all or none."""
        return self._database.transaction()

    def close(self) -> None:
        """Close the database; what is in memory is gone."""
        self._database.close()
