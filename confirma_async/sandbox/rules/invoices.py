"""The rules for an invoice up to its delivery: what the service checks, and a table of transitions.

Pure data and plain functions: no clock, no storage. What is known of an invoice's future is settled when it
arrives (``RoutingFacts``); the store moves the rows that are due along ``TRANSITIONS``. Every rule and
transition says which sentence of the wire contract it lives by, or that it is this project's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from attrs import field, frozen

from confirma_async.schemas import (
    Address,
    DistributionMethod,
    InvoiceStatus,
    InvoiceType,
    SalesInvoiceRequest,
    ServiceType,
)
from confirma_async.schemas.wire import Evidence

SERVICES = (ServiceType.LIFECYCLE, ServiceType.INTERMEDIATION)
"""The services the sandbox lives through. Co-Op is named by the vendor, but not described: not served."""

VALIDATED_AFTER = timedelta(minutes=1)
"""From arrival to the end of validation. Assumed: the vendor gives no figure."""

DISTRIBUTED_AFTER = timedelta(hours=1)
"""From acceptance to delivery. Assumed: the vendor gives no figure."""

CONTROLLED = "ACTIVE"
"""Our word for an invoice transferred to payment control; the vendor shows none (provisional)."""

NOT_TRANSFERRED = "STOPPED"
"""Our word for a transfer to payment control that was stopped; the vendor shows none (provisional)."""


@frozen(kw_only=True)
class InvoiceRule:
    """One thing that validation finds wrong.

    Attributes:
        error: What the distribution record says; never a value of the invoice.
        basis: The sentence of the contract behind it.
        evidence: How well that is known; None where the rule is assumed.
        broken: Whether an invoice breaks it.
    """

    error: str
    basis: str
    evidence: Evidence | None
    broken: Callable[[SalesInvoiceRequest], bool]


@frozen(kw_only=True)
class RoutingFacts:
    """What decides an invoice's way, settled when it arrives.

    Attributes:
        service: The client's service.
        valid: Whether validation will pass.
        manual: Whether someone must approve it after validation.
        delivered: Whether it is delivered at all.
        printed: Whether delivery makes a document that reaches the buyer.
        control: What payment control says once it is INVOICED: CONTROLLED, NOT_TRANSFERRED, or None.
        followed: Whether something follows its delivery: a case, a credit, or a record for the books.
        error: What validation will find wrong, where it does.
    """

    service: str
    valid: bool
    manual: bool
    delivered: bool
    printed: bool
    control: str | None
    followed: bool
    error: str | None


@frozen(kw_only=True)
class Transition:
    """One step of an invoice, taken when it is due.

    Attributes:
        source: The status it leaves.
        when: The facts it asks for; all must hold.
        target: The status it reaches.
        due_after: How long until the next step is due; None where no step follows by itself.
        distributes: Whether this step is the delivery, so that its time is the record's ``distributedAt``.
        basis: The sentence of the contract behind it.
        evidence: How well that is known; None where the step is assumed.
    """

    source: InvoiceStatus
    when: Mapping[str, str | bool] = field(converter=MappingProxyType[str, "str | bool"])
    target: InvoiceStatus
    due_after: timedelta | None = None
    distributes: bool = False
    basis: str
    evidence: Evidence | None


_POSTAL_CODES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "FI": re.compile(r"\d{5}", re.ASCII),
        "AX": re.compile(r"22\d{3}", re.ASCII),
        "SE": re.compile(r"\d{3} ?\d{2}", re.ASCII),
        "NO": re.compile(r"\d{4}", re.ASCII),
        "DK": re.compile(r"\d{4}", re.ASCII),
        "EE": re.compile(r"\d{5}", re.ASCII),
        "DE": re.compile(r"\d{5}", re.ASCII),
    }
)
"""The countries nearest to the service. Elsewhere any postal code will do: the sandbox needs no atlas."""

_HOME = "FI"
"""The country of an address that names none. Assumed."""


def _has_postal_code(address: Address | None) -> bool:
    if address is None or not (address.postal_code or "").strip():
        return False
    pattern = _POSTAL_CODES.get((address.country_code or _HOME).upper())
    return pattern is None or pattern.fullmatch((address.postal_code or "").strip()) is not None


def _buyer_address(request: SalesInvoiceRequest) -> Address | None:
    parties = request.invoice.parties
    return parties.buyer_party.address if parties and parties.buyer_party else None


def _letter_address(request: SalesInvoiceRequest) -> Address | None:
    """Return where a letter goes: the recipient's address, where there is one, else the buyer's."""
    parties = request.invoice.parties
    recipient = parties.invoice_recipient_party if parties else None
    return recipient.address if recipient and recipient.address else _buyer_address(request)


def _is_printed(request: SalesInvoiceRequest) -> bool:
    return request.invoice.header.type != InvoiceType.COLLECTION


def _is_letter(request: SalesInvoiceRequest) -> bool:
    return (
        _is_printed(request)
        and _is_delivered(request)
        and request.distribution is not None
        and request.distribution.method == DistributionMethod.LETTER
    )


def _is_delivered(request: SalesInvoiceRequest) -> bool:
    return request.distribution is None or request.distribution.enabled is not False


RULES: Sequence[InvoiceRule] = (
    InvoiceRule(
        error="a credit note must reference the original invoice",
        basis="§4: CREDIT_NOTE (must reference the original)",
        evidence=Evidence.DOCUMENTED,
        broken=lambda request: (
            request.invoice.header.type == InvoiceType.CREDIT_NOTE
            and (
                request.invoice.references is None
                or request.invoice.references.credited_invoice_number is None
            )
        ),
    ),
    InvoiceRule(
        error="the due date is before the invoice date",
        basis="assumed, but for reminders and credit notes: no sentence of the contract says it",
        evidence=None,
        broken=lambda request: (
            request.invoice.header.type not in {InvoiceType.REMINDER, InvoiceType.CREDIT_NOTE}
            and request.invoice.header.due_date < request.invoice.header.date
        ),
    ),
    InvoiceRule(
        error="a letter needs a postal code that is valid for its country",
        basis="§9: a bad or missing postal code stops a letter; that it shows as ERROR is assumed",
        evidence=Evidence.DOCUMENTED,
        broken=lambda request: _is_letter(request) and not _has_postal_code(_letter_address(request)),
    ),
)
"""What the service validates."""


_ACCEPTED, _PAUSED = InvoiceStatus.ACCEPTED, InvoiceStatus.PAUSED

TRANSITIONS: Sequence[Transition] = (
    Transition(
        source=_PAUSED,
        when={"valid": False},
        target=InvoiceStatus.ERROR,
        basis="§4: ERROR (validation failed or data missing)",
        evidence=Evidence.DOCUMENTED,
    ),
    Transition(
        source=_PAUSED,
        when={"valid": True, "manual": True},
        target=InvoiceStatus.MANUAL,
        basis="§4: MANUAL (awaits approval), FACTORING (acquired by a financier on approval); that both "
        "wait here is our reading",
        evidence=Evidence.DOCUMENTED,
    ),
    Transition(
        source=_PAUSED,
        when={"valid": True, "manual": False, "delivered": False},
        target=_ACCEPTED,
        basis="§4: distribution.enabled; that the invoice then stays ACCEPTED is assumed",
        evidence=None,
    ),
    Transition(
        source=_PAUSED,
        when={"valid": True, "manual": False, "delivered": True},
        target=_ACCEPTED,
        due_after=DISTRIBUTED_AFTER,
        basis="§9: create → validate → distribute",
        evidence=Evidence.DOCUMENTED,
    ),
    Transition(
        source=_ACCEPTED,
        when={"service": ServiceType.INTERMEDIATION},
        target=InvoiceStatus.INTERMEDIATED,
        distributes=True,
        basis="§9: Intermediation: create → validate → distribute → status INTERMEDIATED",
        evidence=Evidence.DOCUMENTED,
    ),
    Transition(
        source=_ACCEPTED,
        when={"service": ServiceType.LIFECYCLE, "printed": True},
        target=InvoiceStatus.INVOICED,
        distributes=True,
        basis="§9: Lifecycle: create → validate → distribute → INVOICED",
        evidence=Evidence.DOCUMENTED,
    ),
    Transition(
        source=_ACCEPTED,
        when={"service": ServiceType.LIFECYCLE, "printed": False},
        target=InvoiceStatus.INVOICED,
        basis="§4: COLLECTION (opens a debt collection case, no printout); that it reads INVOICED is assumed",
        evidence=None,
    ),
)
"""Every step, earlier ones first: one pass takes a row through all that is due. What leaves MANUAL, a
person's approval, has no endpoint in the contract and so no row here."""

COMPLETED = frozenset({InvoiceStatus.INVOICED, InvoiceStatus.INTERMEDIATED})
"""Where the way ends well; whatever follows then begins."""


def facts_of(request: SalesInvoiceRequest, service: str) -> RoutingFacts:
    """Settle what will decide an invoice's way."""
    errors = [rule.error for rule in RULES if rule.broken(request)]
    processing = request.processing
    kind = request.invoice.header.type
    control = _control_of(request, service)
    is_booked = processing is not None and processing.accounting_invoice_enabled is True
    asks_for_approval = processing is not None and processing.manual_approval_enabled is True
    return RoutingFacts(
        service=service,
        valid=not errors,
        manual=asks_for_approval or kind == InvoiceType.FACTORING,
        delivered=_is_delivered(request),
        printed=_is_printed(request),
        control=control,
        followed=is_booked or control == CONTROLLED or kind == InvoiceType.CREDIT_NOTE,
        error="; ".join(errors) or None,
    )


def _control_of(request: SalesInvoiceRequest, service: str) -> str | None:
    """Return what payment control will say.

    Intermediation: nothing goes to an agency. Lifecycle: payment control on; a bad or missing postal code
    stops the transfer (both §9, documented). That ``paymentControlEnabled: false`` switches it off, and that
    a credit note has nothing to control, is our reading. COLLECTION opens a case whatever the rest says (§4).
    """
    if service != ServiceType.LIFECYCLE:
        return None
    kind = request.invoice.header.type
    if kind == InvoiceType.COLLECTION:
        return CONTROLLED
    switched_off = request.processing is not None and request.processing.payment_control_enabled is False
    if switched_off or kind == InvoiceType.CREDIT_NOTE:
        return None
    return CONTROLLED if _has_postal_code(_buyer_address(request)) else NOT_TRANSFERRED
