"""The sandbox's state in SQLite, in memory or in a file, one module of tables for each of its subjects.

A file survives a crash of the process with everything that was answered for; it is not synced to the disk
on every commit, so a power cut may take the last moments with it. One sandbox at a time owns a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from confirma_async.sandbox.rules.cases import SandboxCase
from confirma_async.sandbox.rules.invoices import Transition
from confirma_async.sandbox.store import accounts, added_records, invoices, schedule
from confirma_async.sandbox.store.accounts import SandboxClient
from confirma_async.sandbox.store.database import Database
from confirma_async.sandbox.store.invoices import StoredInvoice
from confirma_async.sandbox.store.money import PAYMENTS, SETTLEMENTS, MoneyTables
from confirma_async.sandbox.store.records import (
    ACTIONS,
    ADDRESSES,
    CASES,
    EVENTS,
    RECORDS,
    AccountingRecord,
    DirectoryEntry,
    PastEvent,
    QueuedAction,
)
from confirma_async.sandbox.store.repository import Repository

__all__ = ["SandboxClient", "Store", "StoredInvoice"]

_SCHEMA = tuple(
    statement
    for schema in (
        *(module.SCHEMA for module in (accounts, invoices, schedule, added_records)),
        *(table.schema for table in (CASES, EVENTS, ACTIONS, PAYMENTS, SETTLEMENTS, RECORDS, ADDRESSES)),
    )
    for statement in schema
)


class Store(Database):
    """A database with all its tables. Safe to use from any thread.

    Args:
        path: The file; None keeps everything in memory.
        transitions: The steps that invoices take, earlier ones first.

    Attributes:
        accounts: Clients, tokens, and facts of the sandbox as a whole.
        invoices: Invoices up to their delivery.
        schedule: What happens by itself after it.
        cases: What is owed.
        events: What has happened to the cases.
        actions: What is asked for, until it is processed.
        money: Payments and settlements.
        records: What goes to the accounting system.
        einvoice_directory: Who receives e-invoices where.
        added_records: Records that ``Controls.add_records`` has added to the lists, in their wire form.

    Raises:
        ConfigurationError: the file cannot be opened, is in use, or is not of a sandbox.
    """

    def __init__(self, path: str | Path | None, transitions: Iterable[Transition]) -> None:
        super().__init__(path, _SCHEMA)
        self.accounts: accounts.ClientTable = accounts.ClientTable(self)
        self.invoices: invoices.InvoiceTable = invoices.InvoiceTable(self, transitions)
        self.schedule: schedule.Schedule = schedule.Schedule(self)
        self.cases: Repository[SandboxCase] = Repository(self, CASES)
        self.events: Repository[PastEvent] = Repository(self, EVENTS)
        self.actions: Repository[QueuedAction] = Repository(self, ACTIONS)
        self.money: MoneyTables = MoneyTables(self)
        self.records: Repository[AccountingRecord] = Repository(self, RECORDS)
        self.einvoice_directory: Repository[DirectoryEntry] = Repository(self, ADDRESSES)
        self.added_records: added_records.AddedRecordsTable = added_records.AddedRecordsTable(self)
