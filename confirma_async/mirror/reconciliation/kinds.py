"""The kinds of difference that a reconciliation finds, and how long it waits for a missing record."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.mirror.content import digest


class DifferenceKind(enum.Enum):
    """The result of comparing an invoice, a payment or a settlement."""

    MATCHED = "matched"
    """All sides agree."""
    PENDING = "pending"
    """The other side is missing, and is not expected yet."""
    CREDITED = "credited"
    """The service says that it is credited; nothing more is expected."""
    NOT_CHECKED = "not checked"
    """A list that it needs is not proved, or an amount is no whole number of hundredths."""
    MISSING = "missing at service"
    """The journal says that the service accepted it, or may have, and the service does not list it."""
    UNEXPECTED = "unexpected at service"
    """The service lists it, and no journal has sent it, or it was rejected: another system sent it."""
    TWICE = "twice"
    """The service lists more documents of one number and date than were sent."""
    FAILED = "failed"
    """The service lists it as an error: it was not delivered."""
    AMOUNT_DIFFERS = "amount differs"
    """Both sides have it, with two amounts or currencies."""
    REFERENCE_CHANGED = "reference changed"
    """A payment was settled under another reference than it came with."""
    PAID_NOT_SETTLED = "paid not settled"
    """A payment was not paid out in time."""
    SETTLED_WITHOUT_PAYMENT = "settled without payment"
    """Something was paid out for which there is no payment."""
    SETTLED_TWICE = "settled twice"
    """Two settlements have the same allocation."""
    SUM_BROKEN = "sum broken"
    """A settlement is not the sum of its allocations, or an allocation is not the sum of its parts."""
    OVERPAID = "overpaid"
    """More was paid than the invoice asks for."""
    CHANGED_AFTER_FINAL = "changed after final"
    """A settlement has changed since it was first read."""


STANDINGS = frozenset(
    {DifferenceKind.MATCHED, DifferenceKind.PENDING, DifferenceKind.CREDITED, DifferenceKind.NOT_CHECKED}
)
"""The results that are no differences."""

DIFFERENCES: Sequence[DifferenceKind] = tuple(kind for kind in DifferenceKind if kind not in STANDINGS)
"""The results that are differences, in the order in which they are reported."""


@frozen(kw_only=True)
class Horizons:
    """How long the service may take before a missing record is a difference.

    Attributes:
        listed_days: Days until the service lists an invoice that it accepted; from 0 to 365.
        settled_banking_days: Banking days (Monday to Friday) until a payment is paid out; from 0 to 365.

    Raises:
        ConfigurationError: one is out of these bounds.
    """

    listed_days: int = field(default=3, validator=within(bounds.HORIZON))
    settled_banking_days: int = field(default=10, validator=within(bounds.HORIZON))


@frozen(kw_only=True)
class Difference:
    """Something that does not agree.

    Attributes:
        id: Its id: the same in every reconciliation, as long as the difference does not change.
        kind: The kind of difference.
        subject: What it is about, in words: ``invoice 1042``.
        currency: The currency (ISO 4217); empty where there is no amount.
        cents: The amount in hundredths; None if there is no amount.
        day: The date of the invoice, payment or settlement, in ISO 8601.
        seller: The seller's business id; empty if no journal names it.
        ours: The values in the journal, or in the payment.
        theirs: The values in the service's record, or in the settlement.
        note: A person's explanation; None where there is none.
        first_seen: When a reconciliation first found it; ISO 8601, in UTC.
    """

    id: str
    kind: DifferenceKind
    subject: str
    currency: str = ""
    cents: int | None = None
    day: str = ""
    seller: str = ""
    ours: Mapping[str, Any] = field(factory=dict[str, Any])
    theirs: Mapping[str, Any] = field(factory=dict[str, Any])
    note: str | None = None
    first_seen: str = ""


def difference(kind: DifferenceKind, subject: str, *parts: object, **attributes: Any) -> Difference:
    """Make a difference, with an id that follows from its contents.

    Args:
        kind: The kind of the difference.
        subject: What the difference is about, in words: ``invoice 1042``.
        parts: Values that distinguish it from others of its kind and subject.
        attributes: The other attributes of ``Difference``, by name.
    """
    name = digest([kind.value, subject, attributes.get("cents"), *(str(part) for part in parts)])
    return Difference(id=f"d-{name[:16]}", kind=kind, subject=subject, **attributes)


def banking_days_after(day: datetime.date, days: int) -> datetime.date:
    """Return the day a number of banking days (Monday to Friday) after another; it does not know holidays."""
    while days > 0:
        day += datetime.timedelta(days=1)
        if day.weekday() < 5:
            days -= 1
    return day
