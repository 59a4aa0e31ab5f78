"""A class has a dozen methods at most; one that has more says why."""

import ast

from tests.project.packages import places

MOST = 12

REASONS = {
    "confirma_async/account.py Account": "one property for each resource of the API",
    "confirma_async/accounts/registry.py Accounts": "what is asked of one list, and changed under its lock",
    "confirma_async/bulk/evidence/lookups.py Lookups": "the way of one invoice from its loss to its outcome",
    "confirma_async/bulk/journal/stored/tables.py Tables": "a port: what databases do each in its own way",
    "confirma_async/bulk/journal/stored/writes.py StoredWrites": "the verbs of a port, as statements",
    "confirma_async/bulk/machines/chunk_sender.py ChunkSender": "the way of one chunk, as a job tells it",
    "confirma_async/bulk/machines/planned_journal.py PlannedJournal": "the verbs of a plan, as statements",
    "confirma_async/bulk/machines/shared_limiter.py SharedLimiter": "a limiter, and the loops that feed it",
    "confirma_async/bulk/postgres/connection/session.py PostgresSession": "a connection, lost in any of them",
    "confirma_async/bulk/postgres/journal.py PostgresJournal": "the verbs of a port, as statements",
    "confirma_async/bulk/sqlite/journal.py SqliteJournal": "the verbs of a port, as statements",
    "confirma_async/bulk/writer.py JournalWriter": "what is gathered for one commit, and who waits for it",
    "confirma_async/comparison/reading.py ContractDocument": "one question each about the same document",
    "confirma_async/converters/__init__.py Converter": "cattrs' verbs, and those of JSON",
    "confirma_async/creditors/__init__.py Creditors": "everything public that is done for many accounts",
    "confirma_async/outbox/held.py HeldWrites": "every change of one collection, and who is told of it",
    "confirma_async/outbox/invoices/desk.py InvoiceDesk": "the way of one invoice from caller to outcome",
    "confirma_async/outbox/writes/desk.py WriteDesk": "the way of one write from caller to outcome",
    "confirma_async/sandbox/controls.py Controls": "one method for each operation of the sandbox",
    "confirma_async/sandbox/server.py Sandbox": "a context manager with the properties that programs need",
    "confirma_async/sandbox/store/invoices.py InvoiceTable": "one method for each statement on its tables",
    "confirma_async/session/connection/connection_line.py ConnectionLine": "a port, for two ways",
    "confirma_async/session/pipeline.py Pipeline": "the steps of one call, from its limit to its answer",
    "confirma_async/session/tokens/credential.py Credential": "the states of one key, under one lock",
    "confirma_sync/client.py Account": "one property for each resource of the API",
}
"""Why a class has more. Where some methods share what the others never see, a second class is better."""


def large(source):
    """The classes of a module that have more than ``MOST`` methods; overloads are one."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and len(methods(node)) > MOST
    ]


def methods(cls):
    return {each.name for each in cls.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_methods_are_counted_by_their_names():
    verbs = "".join(f"\n def f{number}(self): ..." for number in range(MOST))
    assert large(f"class A:{verbs}\n def f0(self, a): ...") == []
    assert large(f"class A:{verbs}\n async def g(self): ...") == ["A"]


def test_a_class_of_more_than_a_dozen_methods_says_why():
    assert places(large) == REASONS.keys()
