"""What both clients share of the sandbox: all but the class that starts it."""

from confirma_async.sandbox.clock import VirtualClock
from confirma_async.sandbox.controls import ClientState, SandboxState
from confirma_async.sandbox.faults import Fault, FaultRule, Faults
from confirma_async.sandbox.rules.einvoice_directory import EInvoiceAddress
from confirma_async.sandbox.rules.money.amounts import AmountByKind
from confirma_async.sandbox.rules.stages import Route, RouteStage, Stage
from confirma_async.sandbox.rules.terms import Terms
from confirma_async.sandbox.store import StoredInvoice
from confirma_async.sandbox.store.added_records import ListedKind
from confirma_async.sandbox.store.money import ReceivedPayment

__all__ = [
    "AmountByKind",
    "ClientState",
    "EInvoiceAddress",
    "Fault",
    "FaultRule",
    "Faults",
    "ListedKind",
    "ReceivedPayment",
    "Route",
    "RouteStage",
    "SandboxState",
    "Stage",
    "StoredInvoice",
    "Terms",
    "VirtualClock",
]
