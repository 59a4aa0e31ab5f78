"""Every rule by id, with what it says and where it comes from; the docs list this table.

A rule is registered where it is defined, and so is what checks an object as a whole (``about``).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from attrs import frozen

from confirma_async.errors import Problem
from confirma_async.schemas.wire import Schema

OURS = "ours"


class Degree(enum.Enum):
    """What a broken rule means for a request."""

    REFUSE = "refuse"
    """It is not sent: the vendor documents the rule, or money would certainly go astray."""
    WARN = "warn"
    """It is told, and the request is sent: the rule is ours, and the service may take what breaks it."""


@frozen
class Rule:
    """One thing that a request, a query or an answer must fulfil.

    Attributes:
        id: What problems are reported under.
        text: What must hold, in one sentence.
        source: The section of the wire contract and its evidence mark, or "ours".
        degree: Whether a request that breaks it is refused.
    """

    id: str
    text: str
    source: str
    degree: Degree = Degree.REFUSE


Check: TypeAlias = Callable[[Any], Iterable[Problem]]
AnyCheck = TypeVar("AnyCheck", bound=Check)
Usual: TypeAlias = Callable[[Any], bool]
"""Says whether an object surely breaks none of several rules: the usual case, quickly. It never raises."""


@frozen
class RuleGroup:
    """What must hold of an object as a whole.

    Attributes:
        unless: Says that none of them finds anything; None where each is always asked.
        each: The functions that say what is wrong, in the order in which it is reported.
    """

    unless: Usual | None
    each: list[Check]


CHECKS: dict[type[Schema], list[RuleGroup]] = {}
"""What must hold of an object as a whole, by its class; problems are reported in this order."""


def about(cls: type[Schema], *, unless: Usual | None = None) -> Callable[[AnyCheck], AnyCheck]:
    """Register a function that says what is wrong with objects of a class.

    Args:
        cls: The class.
        unless: Asked first, once for all functions in a row that name it; where it says yes, none is called.
    """

    def register(check: AnyCheck) -> AnyCheck:
        known = CHECKS.setdefault(cls, [])
        if not known or known[-1].unless is not unless:
            known.append(RuleGroup(unless, []))
        known[-1].each.append(check)
        return check

    return register


_RULES: list[Rule] = []


def _rule(id: str, text: str, source: str, degree: Degree = Degree.REFUSE) -> Rule:  # noqa: A002 (its own name)
    rule = Rule(id, text, source, degree)
    _RULES.append(rule)
    return rule


def _warning(id: str, text: str) -> Rule:  # noqa: A002 (its own name)
    return _rule(id, text, OURS, Degree.WARN)


TYPE = _rule(
    "type",
    "Every value has the exact type of its place: text, true or false, whole numbers, finite Decimals "
    "(amounts with at most two decimals), dates without a time. The converter checks it.",
    "§1 D",
)
CURRENCY = _rule("currency", "A currency code is one of ISO 4217, in upper case.", "§1 D")
COUNTRY = _rule("country", "A country code is one of ISO 3166-1 alpha-2, in upper case.", "§1 D")
LANGUAGE = _rule(
    "language",
    "A language code is one of ISO 639-1, or one of the vendor's words FI, SV, NO, DK, EN; in upper case.",
    "§1 D",
)
POSTAL_CODE = _rule("postal-code", "A postal code has the form of its country, where both are given.", "§1 D")
EMAIL = _rule("email", "An e-mail address is well formed; whether it exists is not asked.", "§1 D")
URL = _rule("url", "A link is an absolute http or https URL.", "§1 D")
INVOICE_NUMBER = _rule("invoice-number", "An invoice number is positive and has at most 18 digits.", OURS)
CREDITED_INVOICE = _rule(
    "credited-invoice", "A CREDIT_NOTE names its original in references.creditedInvoiceNumber.", "§4 D"
)
DUE_DATE = _warning(
    "due-date",
    "The due date is not before the invoice's date; a REMINDER and a CREDIT_NOTE may carry an older one.",
)
INVOICE_TYPE = _warning("invoice-type", "The type of an invoice is one of those that the vendor names.")
BUYER = _warning("buyer", "An invoice has a buyer who is named.")
AMOUNT_MISSING = _warning("amount-missing", "An invoice says what it asks for: an amount, or a row with one.")
AMOUNT_SIGN = _warning("amount-sign", "An INVOICE asks for more than nothing.")
AMOUNT_ABSURD = _warning("amount-absurd", "An invoice asks for less than 100,000,000 in its currency.")
UNKNOWN_KEY = _warning(
    "unknown-key", "A mapping, or a record of JSON, holds keys that the contract knows alone."
)
ROW_GROSS = _rule("row-gross", "In each row, net plus VAT is gross, where all three are given.", OURS)
ROW_PRICE = _warning(
    "row-price",
    "In each row, quantity times price, less the discount, is the net amount, within half a per cent or "
    "0.02. It is told where files are looked at, not of each call.",
)
ROW_SUMS = _rule(
    "row-sums",
    "The rows' net, VAT and gross amounts add up to those of the invoice, where every row that charges "
    "something gives them: net or gross exactly, and what VAT makes of it within half a cent for each row, "
    "since VAT may be rounded row by row or on the whole.",
    OURS,
)
INVOICE_GROSS = _rule(
    "invoice-gross",
    "The invoice's net plus VAT is its gross amount, exactly; the rounding amount is outside gross.",
    OURS,
)
VAT_BREAKDOWN = _rule(
    "vat-breakdown", "The VAT breakdown adds up to the invoice's net and VAT amounts, exactly.", OURS
)
AMOUNT_TO_PAY = _rule(
    "amount-to-pay",
    "The amounts of an invoice, where they are given, say what is to be paid: gross, or at least net.",
    OURS,
)
VAT_RATE = _rule(
    "vat-rate",
    "A VAT amount other than 0 is what its rate makes of net, within half a per cent of net or 0.05: "
    "so 0.255 is no rate of 25.5 %. No rate is between 0 and 1.",
    OURS,
)
AMOUNT_SIZE = _rule("amount-size", "Amounts are small enough to be added exactly.", OURS)
PAYMENT_REFERENCE = _rule(
    "payment-reference",
    "A payment reference that begins with RF and two digits has the check digits of ISO 11649; one of "
    "digits alone has the Finnish check digit, where it is in euros and nothing says that it is paid outside "
    "Finland (a foreign IBAN, a giro account, a foreign seller). No spreadsheet has cut it (1,23457E+19).",
    "§4 E",
)
IBAN = _rule("iban", "An IBAN has the form of its country and correct check digits.", OURS)
BIC = _warning("bic", "A BIC has the form of ISO 9362.")
BUSINESS_ID = _warning(
    "business-id",
    "A Finnish party's Business ID has a correct check digit. Finnish is who has a Finnish address, or no "
    "country and an id of the form 1234567-8.",
)
VAT_CODE = _warning("vat-code", "A VAT code that begins with FI has eight digits, the last of which fits.")
NAMED = _rule("named", "A client has a name and a business code, its service a partner code.", "§3 E")
NOT_EMPTY = _rule("not-empty", "A request for actions, a ledger and a submission hold at least one.", OURS)
ACTION_SUBJECT = _rule("action-subject", "An action names an invoice or a case.", "§5 E")
ACTION_NEEDS = _rule("action-needs", "DUEDATE has a due date, and DIRECTPAYMENT an amount.", OURS)
CASE = _rule("case", "A query for a case names the case, or the invoice it is about.", "§5 D")
LEDGER_DESCRIPTION = _rule(
    "ledger-description", "The description of a ledger has at most 210 characters.", "§7 D"
)
LEDGER_BALANCE = _rule(
    "ledger-balance",
    "Under GROSS, also where no mode is given, the netAmount of a ledger's rows adds up to 0, where every "
    "row has one. So it does in the vendor's example.",
    "§7 E",
)
PAYMENT_IDENTIFIER = _warning("payment-identifier", "No two payments of one submission share an identifier.")
PAYMENT_ALLOCATIONS = _rule(
    "payment-allocations", "The allocations of a payment add up to its amount, exactly.", OURS
)
SETTLEMENT_SUM = _rule(
    "settlement-sum", "The allocations of a settlement add up to its amount, exactly. Of answers.", "§6 D"
)
ALLOCATION_SUM = _rule(
    "allocation-sum", "The breakdown of an allocation adds up to its total, exactly. Of answers.", "§6 D"
)
PERIOD = _rule("period", "A period has its first day, and that is not after its last.", OURS)
CURSOR = _rule("cursor", "A cursor is one of the same listing with the same filters, and stands alone.", OURS)
UNFETCHED_ONLY = _rule("unfetched-only", "unfetched_only stands alone, without a period or a cursor.", OURS)
ATTACHMENT = _rule("attachment", "An attachment has either a url or data, and data is plain base64.", "§4 D")

RULES: tuple[Rule, ...] = tuple(_RULES)
"""Every rule there is, in the order of the docs."""
