"""Behind the verbs: the same calls, with the answer as it came beside what was made of it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, cast

from confirma_async.resources import accounting, invoices, onboarding, operations, payments
from confirma_async.session.answers.raw import RawResponse, as_it_came
from confirma_async.session.pipeline import Pipeline

P = ParamSpec("P")
R = TypeVar("R")
Resource = TypeVar("Resource")


class RawResource(Generic[Resource]):
    """The verbs of a resource, each of which gives the whole answer."""

    def __init__(self, pipeline: Pipeline, resource: Callable[[Pipeline], Resource]) -> None:
        self._pipeline = pipeline
        self._resource = resource

    async def ask(self, verb: Callable[[Resource], Awaitable[R]]) -> RawResponse[R]:
        """Call a verb, and keep the answer that it got first."""
        return await as_it_came(self._pipeline, lambda pipeline: verb(self._resource(pipeline)))


def raw(
    verb: Callable[Concatenate[Any, P], Awaitable[R]],
) -> Callable[Concatenate[RawResource[Any], P], Coroutine[Any, Any, RawResponse[R]]]:
    """Return the verb, with the answer as it came. A list is awaited: it is the answer of one call."""

    async def call(resource: RawResource[Any], /, *args: P.args, **kwargs: P.kwargs) -> RawResponse[R]:
        return await resource.ask(lambda original: verb(original, *args, **kwargs))

    return cast(
        "Callable[Concatenate[RawResource[Any], P], Coroutine[Any, Any, RawResponse[R]]]",
        functools.update_wrapper(call, verb),
    )


class RawOnboarding(RawResource[onboarding.Onboarding]):
    """``confirma.raw.onboarding``."""

    create_client: Final = raw(onboarding.Onboarding.create_client)
    validate_token: Final = raw(onboarding.Onboarding.validate_token)


class RawInvoices(RawResource[invoices.Invoices]):
    """``confirma.raw.invoices``."""

    create: Final = raw(invoices.Invoices.create)
    create_actions: Final = raw(invoices.Invoices.create_actions)
    case: Final = raw(invoices.Invoices.case)
    distributions: Final = raw(invoices.Invoices.distributions)
    distributions_v2: Final = raw(invoices.Invoices.distributions_v2)


class RawPayments(RawResource[payments.Payments]):
    """``confirma.raw.payments``."""

    list: Final = raw(payments.Payments.list)
    settlements: Final = raw(payments.Payments.settlements)


class RawAccounting(RawResource[accounting.Accounting]):
    """``confirma.raw.accounting``."""

    submit_ledger: Final = raw(accounting.Accounting.submit_ledger)
    ledger_statuses: Final = raw(accounting.Accounting.ledger_statuses)
    submit_payments: Final = raw(accounting.Accounting.submit_payments)
    payment_statuses: Final = raw(accounting.Accounting.payment_statuses)
    invoice_statuses: Final = raw(accounting.Accounting.invoice_statuses)


class RawOperations(RawResource[operations.Operations]):
    """``confirma.raw.operations``."""

    finvoice_credentials: Final = raw(operations.Operations.finvoice_credentials)


class Raw:
    """``confirma.raw``: the verbs, each of which gives the whole answer.

    A renewed token is in the answer and nowhere else, so that ``renew_token`` is not among them.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.onboarding: RawOnboarding = RawOnboarding(pipeline, onboarding.Onboarding)
        self.invoices: RawInvoices = RawInvoices(pipeline, invoices.Invoices)
        self.payments: RawPayments = RawPayments(pipeline, payments.Payments)
        self.accounting: RawAccounting = RawAccounting(pipeline, accounting.Accounting)
        self.operations: RawOperations = RawOperations(pipeline, operations.Operations)
