"""The endpoint table: one frozen Operation for each page of the vendor's menu."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Generic, TypeGuard, TypeVar, cast, get_args, get_origin

from attrs import field, frozen

from confirma_async import schemas
from confirma_async.schemas.wire import Evidence, Schema

AnswerT_co = TypeVar("AnswerT_co", covariant=True)

PREFIX = "/api/v1/partner"
"""The documented prefix of every path but one (contract §1)."""

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""The HTTP methods that an operation may have."""

_PATH = re.compile(r"(?:/[\w.~%!$&'()*+,;=:@-]+)+/?", re.ASCII)

REMEDY = "find out what became of it before you send it again"
"""What to do about a call of unknown outcome, where nothing better is known."""


class TokenKind(enum.Enum):
    """Which token the operation wants in ``X-Api-Key``."""

    CLIENT = "client"
    PROVISIONING = "provisioning"


@frozen(kw_only=True)
class Effect:
    """The later read that shows that an operation took effect. That it is not shown proves nothing.

    Attributes:
        read: The name of the operation that reads it.
        what: What is looked for in the answer, in words.
        evidence: How well it is known that the one shows the other.
    """

    read: str
    what: str
    evidence: Evidence


@frozen(kw_only=True)
class Operation(Generic[AnswerT_co]):
    """One endpoint, with the type of its answer.

    Attributes:
        name: Resource and verb in Python, e.g. ``invoices.create``.
        page: The vendor's page.
        method: The HTTP method.
        path: The path from the host on, unless an override replaces it.
        evidence: How well the path is known.
        repeatable: Whether it may be sent again when an outcome is unknown, since it changes nothing.
        token: Which token it wants.
        lists: Whether it lists what there is; it may say that there is nothing by 204, 404 or an empty body.
        answer_shown: False where the vendor does not show the answer, so that an empty one is no fault.
        no_content: Whether 204 is documented as an answer: there is nothing to list.
        remedy: What to do when the outcome of a call is unknown.
        effect: Which later read shows that it took effect; None where none does, or where it has none.
    """

    name: str
    page: str
    method: str
    path: str
    evidence: Evidence
    repeatable: bool
    token: TokenKind = TokenKind.CLIENT
    _request: Callable[[], type[Schema]] | None = field(default=None, alias="request", repr=False)
    _query: Callable[[], type[Schema]] | None = field(default=None, alias="query", repr=False)
    _answer: Callable[[], type[AnswerT_co]] = field(alias="answer", repr=False)
    lists: bool = False
    answer_shown: bool = True
    no_content: bool = False
    remedy: str = REMEDY
    effect: Effect | None = None

    # The schemas are asked for when they are needed, so that the table alone loads none.

    @property
    def request(self) -> type[Schema] | None:
        """The schema of the body, if it takes one."""
        return self._request and self._request()

    @property
    def query(self) -> type[Schema] | None:
        """The schema of the query parameters, if it takes any."""
        return self._query and self._query()

    @property
    def answer(self) -> type[AnswerT_co]:
        """What an answer is read as. It is its schema; for a bare array, a tuple of those of its records."""
        return self._answer()

    @property
    def bare_array(self) -> bool:
        """Whether the answer is an array and no object."""
        return get_origin(self.answer) is tuple

    @property
    def response(self) -> type[Schema]:
        """The schema of the answer, or of each record of a bare array."""
        return cast("type[Schema]", (*get_args(self.answer), self.answer)[0])


def is_path(text: str) -> bool:
    """Say whether a text is the path of an operation: no host, no query, no space, no way upwards."""
    return _PATH.fullmatch(text) is not None and not {".", ".."} & {*text.split("/")}


_D, _P = Evidence.DOCUMENTED, Evidence.PROVISIONAL

CREATE_CLIENT = Operation(
    name="onboarding.create_client",
    page="Create a new client",
    method="POST",
    path=f"{PREFIX}/client",
    evidence=_D,
    repeatable=False,
    token=TokenKind.PROVISIONING,
    request=lambda: schemas.ClientRequest,
    answer=lambda: schemas.ClientCreated,
    remedy="ask the vendor whether the client exists before you send it again; its token was in the answer",
)
VALIDATE_TOKEN = Operation(
    name="onboarding.validate_token",
    page="Validate access token",
    method="GET",
    path=f"{PREFIX}/validate",
    evidence=_D,
    repeatable=True,
    answer=lambda: schemas.TokenValidity,
)
RENEW_TOKEN = Operation(
    name="onboarding.renew_token",
    page="Renew access token",
    method="GET",
    path=f"{PREFIX}/renew",
    evidence=_D,
    repeatable=False,
    answer=lambda: schemas.TokenRenewal,
    remedy="treat the old token as dead, and try onboarding.renew_token() once more, since an expired "
    "token may be renewed too; if that is refused (401), ask the vendor for a new one",
)
CREATE_INVOICE = Operation(
    name="invoices.create",
    page="Create an invoice",
    method="POST",
    path=f"{PREFIX}/invoice",
    evidence=_D,
    repeatable=False,
    request=lambda: schemas.SalesInvoiceRequest,
    answer=lambda: schemas.InvoiceReceipt,
    answer_shown=False,
    remedy="look it up in the distribution information by its number before you send it again",
    effect=Effect(
        read="invoices.distributions", what="a record of its number that nothing contradicts", evidence=_P
    ),
)
CREATE_INVOICE_ACTIONS = Operation(
    name="invoices.create_actions",
    page="Create an Invoice Action",
    method="POST",
    path=f"{PREFIX}/invoice/action",
    evidence=_D,
    repeatable=False,
    request=lambda: schemas.InvoiceActions,
    answer=lambda: schemas.ActionsReceipt,
    answer_shown=False,
    remedy="look at the events of the case before you send the actions again",
    effect=Effect(
        read="invoices.case",
        what="an event of its code since it was sent; with it the payment of DIRECTPAYMENT, the text of "
        "COMMENT",
        evidence=_P,
    ),
)
CASE = Operation(
    name="invoices.case",
    page="Retrieve case details",
    method="GET",
    path=f"{PREFIX}/invoice/case",
    evidence=_D,
    repeatable=True,
    query=lambda: schemas.CaseQuery,
    answer=lambda: schemas.CaseDetails,
)
DISTRIBUTIONS = Operation(
    name="invoices.distributions",
    page="Retrieve distribution Information",
    method="GET",
    path=f"{PREFIX}/invoice/distribution",
    evidence=_D,
    repeatable=True,
    query=lambda: schemas.DistributionQuery,
    answer=lambda: schemas.DistributionInformation,
    lists=True,
)
DISTRIBUTIONS_V2 = Operation(
    name="invoices.distributions_v2",
    page="Retrieve distribution Information MV v2",
    method="GET",
    path="/api/v2/partner/invoice/distribution",
    evidence=_P,
    repeatable=True,
    query=lambda: schemas.DistributionPageQuery,
    answer=lambda: schemas.DistributionPage,
    lists=True,
)
PAYMENTS = Operation(
    name="payments.list",
    page="Retrieve Payments",
    method="GET",
    path=f"{PREFIX}/payments",
    evidence=_D,
    repeatable=True,
    query=lambda: schemas.PaymentsQuery,
    answer=lambda: tuple[schemas.Payment, ...],
    lists=True,
)
SETTLEMENTS = Operation(
    name="payments.settlements",
    page="Retrieve settlements",
    method="GET",
    path=f"{PREFIX}/settlements",
    evidence=_D,
    repeatable=False,  # with unfetchedOnly it marks what it returns, and a lost answer is lost for good
    query=lambda: schemas.SettlementsQuery,
    answer=lambda: schemas.Settlements,
    lists=True,
    remedy="read the settlements of the period by its dates: what the lost answer held counts as fetched",
)
ACCOUNTING_INVOICE = Operation(
    name="accounting.invoice_statuses",
    page="Accounting > Invoice",
    method="GET",
    path=f"{PREFIX}/accounting/invoice",
    evidence=_P,
    repeatable=True,
    query=lambda: schemas.AccountingQuery,
    answer=lambda: schemas.AccountingInvoiceStatuses,
    lists=True,
)
SUBMIT_LEDGER = Operation(
    name="accounting.submit_ledger",
    page="Accounting > Ledger",
    method="POST",
    path=f"{PREFIX}/accounting/ledger",
    evidence=_D,
    repeatable=False,
    request=lambda: schemas.LedgerSubmission,
    answer=lambda: schemas.AccountingReceipt,
    answer_shown=False,
    remedy="look for its identifier in the ledger statuses before you send it again",
    effect=Effect(
        read="accounting.ledger_statuses", what="its identifier as ``sourceIdentifier``", evidence=_P
    ),
)
LEDGER_STATUSES = Operation(
    name="accounting.ledger_statuses",
    page="Accounting > Ledger",
    method="GET",
    path=f"{PREFIX}/accounting/ledger",
    evidence=_D,
    repeatable=True,
    query=lambda: schemas.AccountingQuery,
    answer=lambda: schemas.LedgerStatuses,
    lists=True,
    no_content=True,
)
SUBMIT_PAYMENTS = Operation(
    name="accounting.submit_payments",
    page="Accounting > Payment",
    method="POST",
    path=f"{PREFIX}/accounting/payment",
    evidence=_D,
    repeatable=False,
    request=lambda: schemas.PaymentSubmission,
    answer=lambda: schemas.AccountingReceipt,
    answer_shown=False,
    remedy="look for their identifiers in the payment statuses before you send them again",
    effect=Effect(
        read="accounting.payment_statuses",
        what="all their identifiers as ``sourceIdentifier``",
        evidence=_P,
    ),
)
PAYMENT_STATUSES = Operation(
    name="accounting.payment_statuses",
    page="Accounting > Payment",
    method="GET",
    path=f"{PREFIX}/accounting/payment",
    evidence=_D,
    repeatable=True,
    query=lambda: schemas.AccountingQuery,
    answer=lambda: schemas.AccountingPaymentStatuses,
    lists=True,
)
FINVOICE_CREDENTIALS = Operation(
    name="operations.finvoice_credentials",
    page="Retrieve Finvoice Credentials",
    method="GET",
    path=f"{PREFIX}/finvoice/credentials",
    evidence=_P,
    repeatable=True,
    query=lambda: schemas.FinvoiceCredentialsQuery,
    answer=lambda: tuple[schemas.FinvoiceCredentials, ...],
    lists=True,
)


def _is_operation(found: object) -> TypeGuard[Operation[object]]:
    return isinstance(found, Operation)


OPERATIONS: Mapping[str, Operation[object]] = MappingProxyType(
    {each.name: each for each in filter(_is_operation, tuple(vars().values()))}
)
"""Every endpoint of the contract, by name."""


def schema_classes() -> dict[str, type[Schema]]:
    """Return every schema of the wire contract that has names of its own, by class name."""
    for name in dir(schemas):
        getattr(schemas, name)
    return {
        cls.__name__: cls
        for cls in sorted(_subclasses(Schema), key=lambda cls: (cls.__module__, cls.__name__))
        if cls.vendor_name
    }


def _subclasses(cls: type[Schema]) -> set[type[Schema]]:
    direct = cls.__subclasses__()
    # attrs makes a new class for its slots; the one it replaced may still be listed until it is collected.
    return {
        found
        for child in direct
        for found in {child, *_subclasses(child)}
        if hasattr(found, "__attrs_attrs__")
    }
