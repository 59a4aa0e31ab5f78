"""Faults on demand: which requests fail, how, and how often. ``app.py`` carries them out."""

from __future__ import annotations

import enum
import random
import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypedDict, Unpack

import attrs
from attrs import field, frozen

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.contract import CREATE_INVOICE, DISTRIBUTIONS, OPERATIONS, PAYMENTS, SETTLEMENTS
from confirma_async.errors import ConfigurationError
from confirma_async.signatures import shows


class Fault(enum.Enum):
    """What can go wrong with a request. "Commit" is the moment its effect is stored."""

    LATENCY = "latency"
    """The request is read, then waits for ``seconds`` of real time before it is handled."""
    TOO_MANY_REQUESTS = "too many requests"
    """429 before the commit, with ``Retry-After`` where ``retry_after`` is given."""
    UNAVAILABLE = "unavailable"
    """503 before the commit, or after it with ``after_commit=True``; it says when to come back where
    ``retry_after`` is given."""
    SERVER_ERROR = "server error"
    """``status`` (500, 502 or 504) before the commit, or after it with ``after_commit=True``."""
    FOREIGN_ANSWER = "foreign answer"
    """200 with ``body``, such as a login page, or the answer to another request, before the commit, or after
    it with ``after_commit=True``."""
    REFUSAL = "refusal"
    """What was sent is rejected with ``status`` (400, 402, 409 or 422), and nothing is stored."""
    RESET_BEFORE_COMMIT = "reset before commit"
    """The connection is reset (TCP RST) and nothing is stored."""
    RESET_AFTER_COMMIT = "reset after commit"
    """The effect is stored, then the connection is reset (TCP RST)."""
    TRUNCATED_BODY = "truncated body"
    """The effect is stored, then the connection closes in the middle of the answer's body."""
    SLOW_DRIP = "slow drip"
    """The effect is stored, then the answer's body comes drop by drop over ``seconds`` of real time."""
    DUPLICATE_DELIVERY = "duplicate delivery"
    """The request is handled twice, as if the network had delivered it twice; the second answer is given."""
    LATE_LISTING = "late listing"
    """An invoice is stored, but is listed only after ``seconds`` of real time."""
    CUT_LIST = "cut list"
    """A list holds at most ``records`` records, after ``skipped`` others, and names no further ones.

    With ``counted``, a count in the list is that of its own records, not that of all records.
    """
    IGNORED_DAYS = "ignored days"
    """A list ignores the days that it was asked for, and holds all records."""


SIGN_IN_PAGE = "<!DOCTYPE html><title>Sign in</title><p>Sign in to go on.</p>"

_ALONGSIDE = frozenset({Fault.LATENCY, Fault.REFUSAL, Fault.LATE_LISTING, Fault.CUT_LIST, Fault.IGNORED_DAYS})
"""Faults that do not touch how the answer travels: they join whatever else hits the same request."""

_OF_LISTS = frozenset({Fault.CUT_LIST, Fault.IGNORED_DAYS})
_LISTS = frozenset({DISTRIBUTIONS.name, PAYMENTS.name, SETTLEMENTS.name})
"""The faults of lists, and the lists that are asked by days."""

_OPTIONS: Mapping[Fault, frozenset[str]] = MappingProxyType(
    {
        Fault.LATENCY: frozenset({"seconds"}),
        Fault.TOO_MANY_REQUESTS: frozenset({"retry_after"}),
        Fault.UNAVAILABLE: frozenset({"retry_after", "after_commit"}),
        Fault.SERVER_ERROR: frozenset({"status", "after_commit"}),
        Fault.FOREIGN_ANSWER: frozenset({"body", "after_commit"}),
        Fault.REFUSAL: frozenset({"status"}),
        Fault.SLOW_DRIP: frozenset({"seconds"}),
        Fault.LATE_LISTING: frozenset({"seconds"}),
        Fault.CUT_LIST: frozenset({"records", "skipped", "counted"}),
    }
)
"""Which options a kind takes; the others take none."""

_ALL_OPTIONS = frozenset[str]().union(*_OPTIONS.values())

_STATUSES: Mapping[Fault, frozenset[int]] = MappingProxyType(
    {
        Fault.SERVER_ERROR: frozenset({500, 502, 504}),
        Fault.REFUSAL: frozenset({400, 402, 409, 422}),
    }
)
"""Which statuses a kind that takes one may have."""


@frozen(kw_only=True)
class FaultRule:
    """What goes wrong, with which requests, and how often.

    Attributes:
        kind: What goes wrong.
        operation: The operation's name, e.g. ``invoices.create``; None hits every operation.
        times: How many requests it will still hit, from 1 to 1,000,000,000; None for no end.
        probability: The probability that a request is hit, above 0 and at most 1.
        containing: A text that the body of the request must contain; None for any body.
        seconds: Real seconds, from 0 to 86,400, for LATENCY, SLOW_DRIP and LATE_LISTING.
        retry_after: The ``Retry-After`` header: seconds from 0 to 86,400, or a text that is sent as it is (an
            HTTP date); None sends no such header.
        status: The HTTP status of SERVER_ERROR (500, 502 or 504) or REFUSAL (400, 402, 409 or 422).
        after_commit: Whether UNAVAILABLE, SERVER_ERROR and FOREIGN_ANSWER come after the effect is stored.
        body: The body of a FOREIGN_ANSWER.
        records: How many records a CUT_LIST holds at most, from 1 to 1,000,000.
        skipped: How many records a CUT_LIST leaves out before the first, as another page would.
        counted: Whether the count in a CUT_LIST is that of its own records, not that of all records.
    """

    kind: Fault
    operation: str | None = None
    times: int | None = field(default=1, validator=within(bounds.TIMES, optional=True))
    probability: float = field(default=1.0, validator=within(bounds.PROBABILITY))
    containing: str | None = None
    seconds: float = field(default=0.0, validator=within(bounds.FAULT_SECONDS))
    retry_after: float | str | None = None
    status: int = 500
    after_commit: bool = False
    body: str = SIGN_IN_PAGE
    records: int = field(default=100, validator=within(bounds.PAGE_SIZE))
    skipped: int = field(default=0, validator=within(bounds.SKIPPED))
    counted: bool = False

    def __attrs_post_init__(self) -> None:
        own = _OPTIONS.get(self.kind, frozenset())
        for option in sorted(_ALL_OPTIONS - own):
            if getattr(self, option) != attrs.fields_dict(FaultRule)[option].default:
                taken = ", ".join(sorted(own)) or "none of its own"
                raise ConfigurationError(f"the fault {self.kind.name} takes no {option}; it takes {taken}")
        if self.operation is not None and self.operation not in OPERATIONS:
            raise ConfigurationError(
                f"there is no operation {self.operation!r} to fail; there are {', '.join(OPERATIONS)}"
            )
        if self.kind is Fault.LATE_LISTING and self.operation not in {None, CREATE_INVOICE.name}:
            raise ConfigurationError(f"only {CREATE_INVOICE.name} stores something to list late")
        if self.retry_after is not None and not isinstance(self.retry_after, str):
            bounds.FAULT_SECONDS.check("retry_after", self.retry_after)
        statuses = _STATUSES.get(self.kind)
        if statuses is not None and self.status not in statuses:
            allowed = ", ".join(map(str, sorted(statuses)))
            raise ConfigurationError(
                f"the fault {self.kind.name} has a status of {allowed}; "
                "429 and 503 are TOO_MANY_REQUESTS and UNAVAILABLE"
            )

    def concerns(self, operation: str, body: bytes) -> bool:
        """Say whether a request can be hit."""
        if self.kind in _OF_LISTS and operation not in _LISTS:
            return False
        if self.containing is not None and self.containing.encode() not in body:
            return False
        if self.kind is Fault.LATE_LISTING:
            return operation == CREATE_INVOICE.name
        return self.operation in {None, operation}


class FaultArguments(TypedDict, total=False):
    """The attributes of ``FaultRule`` as keyword arguments, for type checkers; ``kind`` aside."""

    operation: str | None
    times: int | None
    probability: float
    containing: str | None
    seconds: float
    retry_after: float | str | None
    status: int
    after_commit: bool
    body: str
    records: int
    skipped: int
    counted: bool


@frozen(kw_only=True)
class FaultPlan:
    """The faults that hit one request.

    Attributes:
        latency_seconds: Real seconds to wait before the request is handled.
        most: How many records a list holds at most.
        skipped: How many records a list leaves out before its first.
        counted: Whether the count in a list is that of its own records.
        unfiltered: Whether a list ignores the days that it was asked for.
        rejected_with: The status with which the request is rejected instead of being handled, if it is.
        listing_delay_seconds: Real seconds that an invoice stored by the request stays unlisted.
        decisive: The rule that replaces or cuts off the answer, if any.
    """

    latency_seconds: float = 0.0
    rejected_with: int | None = None
    listing_delay_seconds: float = 0.0
    decisive: FaultRule | None = None
    most: int | None = None
    skipped: int = 0
    counted: bool = False
    unfiltered: bool = False


NO_FAULT = FaultPlan()


@shows(FaultArguments, FaultRule)
class Faults:
    """The faults that wait for requests, in the order they were added. Safe to use from any thread.

    At most one fault that changes how the answer travels hits a request, so two faults of ``times=1`` hit two
    requests, one after the other. LATENCY, REFUSAL, LATE_LISTING, CUT_LIST and IGNORED_DAYS can hit the same
    request as another fault: a rejection may be late, and its answer may be lost.
    """

    def __init__(self) -> None:
        self._armed: list[FaultRule] = []
        self._random = random.Random()  # noqa: S311 (dice for tests, no secret)
        self._lock = threading.Lock()

    def add(self, kind: Fault, **options: Unpack[FaultArguments]) -> None:
        """Add a fault for requests to come.

        Args:
            kind: What goes wrong. It decides which options are accepted.
            options: The attributes of ``FaultRule``.

        Raises:
            ConfigurationError: the kind takes no such option, or a value makes no sense.
        """
        rule = FaultRule(kind=kind, **options)
        with self._lock:
            self._armed.append(rule)

    def seed(self, number: int) -> None:
        """Seed the random numbers of ``probability``, so that the same requests are hit every time.

        Args:
            number: The seed.
        """
        with self._lock:
            self._random.seed(number)

    def clear(self) -> None:
        """Remove all faults that wait for requests."""
        with self._lock:
            self._armed.clear()

    def remaining(self) -> tuple[FaultRule, ...]:
        """Return the faults that will still hit, each with the ``times`` it has left."""
        with self._lock:
            return tuple(self._armed)

    def plan(self, operation: str, body: bytes = b"") -> FaultPlan:
        """Decide which faults hit one request of an operation, and count them as used."""
        if not self._armed:
            return NO_FAULT
        plan = NO_FAULT
        with self._lock:
            left: list[FaultRule] = []
            for rule in self._armed:
                is_free = plan.decisive is None or rule.kind in _ALONGSIDE
                if is_free and rule.concerns(operation, body) and self._falls(rule.probability):
                    plan = _joined(plan, rule)
                    left += _left_of(rule)
                else:
                    left.append(rule)
            self._armed = left
        return plan

    def _falls(self, probability: float) -> bool:
        # A certain fault rolls no dice: it must not change where a seed makes the others fall.
        return probability == 1 or self._random.random() < probability


def _left_of(rule: FaultRule) -> Sequence[FaultRule]:
    """Return a rule as it is once it has hit a request; nothing where that was the last one."""
    if rule.times is None:
        return [rule]
    return [attrs.evolve(rule, times=rule.times - 1)] if rule.times > 1 else []


def _joined(plan: FaultPlan, rule: FaultRule) -> FaultPlan:
    if rule.kind is Fault.LATENCY:
        return attrs.evolve(plan, latency_seconds=plan.latency_seconds + rule.seconds)
    if rule.kind is Fault.REFUSAL:
        return attrs.evolve(plan, rejected_with=plan.rejected_with or rule.status)
    if rule.kind is Fault.CUT_LIST:
        return attrs.evolve(
            plan,
            most=min(plan.most or rule.records, rule.records),
            skipped=max(plan.skipped, rule.skipped),
            counted=plan.counted or rule.counted,
        )
    if rule.kind is Fault.IGNORED_DAYS:
        return attrs.evolve(plan, unfiltered=True)
    if rule.kind is Fault.LATE_LISTING:
        return attrs.evolve(plan, listing_delay_seconds=max(plan.listing_delay_seconds, rule.seconds))
    return attrs.evolve(plan, decisive=rule)
