"""Kinds of values that a plain Python type cannot tell apart, and the open enums."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self, TypeAlias

Amount: TypeAlias = Annotated[Decimal, "amount"]
"""Money in the invoice's currency: an exact decimal with at most two decimals."""

CENT = Decimal("0.01")
"""The smallest amount."""

ZERO = Decimal(0)
"""No amount at all; a sum begins with it."""

InvoiceNumber: TypeAlias = Annotated[int, "invoice number"]
"""An invoice number where the vendor gives a JSON number; digits in a JSON string are read too."""

LONGEST_INVOICE_NUMBER = 18
"""Digits of an invoice number at most: what every journal and every service can count with. Our own limit."""

InvoiceNumberText: TypeAlias = Annotated[str, "invoice number as text"]
"""An invoice number where the vendor gives a JSON string; a JSON number is read too."""

Moment: TypeAlias = datetime | date
"""A date-time with its offset, or a plain date: the vendor mixes the two."""

Identifier: TypeAlias = Annotated[str, "identifier"]
"""An identifier whose JSON type the vendor does not state: text and whole numbers are read, as text."""

BlankText: TypeAlias = Annotated[str, "text, empty for none"]
"""Text where the vendor writes ``""`` for "no value" (contract §1): it reads as None."""

NumericFlag: TypeAlias = Annotated[bool, "0 or 1"]
"""True or false where the vendor gives a JSON number, 1 or 0."""

JsonObject: TypeAlias = Annotated[Mapping[str, Any], "object"]
"""A JSON object of which the vendor shows no more than its name."""


class OpenEnum(StrEnum):
    """Words that may grow in number: an unknown one is kept, equals its text, and goes back out unchanged."""

    is_known: bool
    """False for a word that this version of the SDK has no name for."""

    def __new__(cls, value: str) -> Self:  # noqa: D102 (an enum's own hook)
        member = str.__new__(cls, value)
        member._value_ = value
        member.is_known = True
        return member

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        member.is_known = False
        return member


class InvoiceType(OpenEnum):
    """``header.type`` (contract §4, documented)."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    REMINDER = "REMINDER"
    AUTO_PAYMENT_INVOICE = "AUTO_PAYMENT_INVOICE"
    COLLECTION = "COLLECTION"
    FACTORING = "FACTORING"


class InvoiceStatus(OpenEnum):
    """Where an invoice stands (contract §4, documented; the vendor's list is cut and may go on)."""

    PAUSED = "PAUSED"
    DRAFT = "DRAFT"
    ACCEPTED = "ACCEPTED"
    INVOICED = "INVOICED"
    CREDITED = "CREDITED"
    INTERMEDIATED = "INTERMEDIATED"
    MANUAL = "MANUAL"
    ERROR = "ERROR"
    DUPLICATE = "DUPLICATE"


class DistributionMethod(OpenEnum):
    """How an invoice is delivered (contract §4: EMAIL seen in an example, the others provisional)."""

    EMAIL = "EMAIL"
    EINVOICE = "EINVOICE"
    LETTER = "LETTER"
    SMS = "SMS"
    NONE = "NONE"


class EntityType(OpenEnum):
    """Who the buyer is (contract §4: BUSINESS seen in an example, PERSON provisional)."""

    BUSINESS = "BUSINESS"
    PERSON = "PERSON"


class InterestType(OpenEnum):
    """How interest is set (contract §4, documented; others may exist)."""

    REFERENCE_RATE = "REFERENCE_RATE"


class ServiceType(OpenEnum):
    """Which service a client takes (contract §3: LIFECYCLE seen in an example, the others provisional)."""

    LIFECYCLE = "LIFECYCLE"
    INTERMEDIATION = "INTERMEDIATION"
    COOP = "COOP"


class ActionCode(OpenEnum):
    """What an invoice action asks for (contract §5, seen in examples)."""

    COMMENT = "COMMENT"
    WITHDRAW = "WITHDRAW"
    DUEDATE = "DUEDATE"
    PAYMENTPLAN = "PAYMENTPLAN"
    OBJECTION = "OBJECTION"
    PAUSE = "PAUSE"
    DIRECTPAYMENT = "DIRECTPAYMENT"


class AllocationType(OpenEnum):
    """What a part of a payment is for (contract §6, seen in examples)."""

    CAPITAL = "CAPITAL"
    INTEREST = "INTEREST"
    FEES = "FEES"


class CalculationMode(OpenEnum):
    """How the amounts of a ledger count (contract §7: GROSS seen in an example, NET provisional)."""

    GROSS = "GROSS"
    NET = "NET"


# A function for each enum: as a converter, pyright reads a class as one of anything, mypy reads no method.


def invoice_type(word: str) -> InvoiceType:
    """Read an invoice type from its word."""
    return InvoiceType(word)


def invoice_status(word: str | None) -> InvoiceStatus | None:
    """Read an invoice status from its word; None stays None."""
    return None if word is None else InvoiceStatus(word)


def distribution_method(word: str | None) -> DistributionMethod | None:
    """Read a distribution method from its word; None stays None."""
    return None if word is None else DistributionMethod(word)


def entity_type(word: str | None) -> EntityType | None:
    """Read an entity type from its word; None stays None."""
    return None if word is None else EntityType(word)


def interest_type(word: str | None) -> InterestType | None:
    """Read an interest type from its word; None stays None."""
    return None if word is None else InterestType(word)


def service_type(word: str) -> ServiceType:
    """Read a service type from its word."""
    return ServiceType(word)


def action_code(word: str) -> ActionCode:
    """Read an action code from its word."""
    return ActionCode(word)


def allocation_type(word: str | None) -> AllocationType | None:
    """Read an allocation type from its word; None stays None."""
    return None if word is None else AllocationType(word)


def calculation_mode(word: str | None) -> CalculationMode | None:
    """Read a calculation mode from its word; None stays None."""
    return None if word is None else CalculationMode(word)
