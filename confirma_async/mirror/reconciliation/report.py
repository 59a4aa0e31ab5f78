"""Makes a reconciliation: totals, differences, and the figures of its page."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import evolve, field, frozen

from confirma_async.mirror.reconciliation.facts import Facts
from confirma_async.mirror.reconciliation.invoices import InvoiceStanding, check_invoices, check_overpaid
from confirma_async.mirror.reconciliation.kinds import DIFFERENCES, Difference, DifferenceKind, Horizons
from confirma_async.mirror.reconciliation.money import MoneyCheck, check_money, settled_once

AGES = (30, 60, 90)
"""The highest age of each group of open cases, in days since the invoice's date; the rest is older."""

MONTHS = 12
"""Number of months that the page shows."""


@frozen(kw_only=True)
class ReconciliationTotal:
    """The number of records that have one result, and their sum.

    Attributes:
        what: ``invoices``, ``payments`` or ``settlements``.
        kind: The result of their comparison.
        currency: The currency (ISO 4217).
        seller: The seller's business id; empty for payments and settlements, which name none.
        count: How many there are.
        cents: The sum, in hundredths, of those that state an amount.
    """

    what: str
    kind: DifferenceKind
    currency: str
    seller: str
    count: int
    cents: int

    @property
    def amount(self) -> Decimal:
        """The sum as a Decimal in currency units."""
        return Decimal(self.cents).scaleb(-2)


@frozen(kw_only=True)
class Month:
    """The sums of a month in one currency, in hundredths.

    Attributes:
        month: ``2026-11``.
        currency: ISO 4217.
        sent: The sum of the invoices sent.
        collected: The sum of the payments of debtors.
        paid_out: The sum of the settlements.
        open: The sum of sent invoices that were not paid at the end of the month.
        overdue: The part of ``open`` that was older than 30 days; the service's lists have no due date.
    """

    month: str
    currency: str
    sent: int
    collected: int
    paid_out: int
    open: int
    overdue: int


@frozen(kw_only=True)
class Age:
    """The open sum of the cases whose invoices are of one age.

    Attributes:
        currency: ISO 4217.
        until_days: The highest age of the group in days; None for the group of the oldest.
        count: The number of cases.
        cents: The open sum of these cases, in hundredths.
    """

    currency: str
    until_days: int | None
    count: int
    cents: int


@frozen(kw_only=True)
class Reconciliation:
    """The result of a reconciliation.

    Attributes:
        account: The account's name.
        target: The base URL, or the sandbox, that it is an account of.
        made_at: When the reconciliation was made.
        synced_at: When the mirror was last brought up to date; None where it never was.
        horizons: How long the service may take.
        totals: Counts and sums by result, currency and seller.
        differences: The differences, ordered by kind.
        months: The sums of each month.
        ageing: The open sums, by age.
        not_checked: How many invoices, payments and settlements could not be checked, because a list is not
            proved or an amount cannot be read.
        unproved: The periods of lists that are not proved, so that there may be more records in them.
        closed: Ids of differences of an earlier reconciliation that no longer exist.
    """

    account: str
    target: str
    made_at: datetime.datetime
    synced_at: str | None = None
    horizons: Horizons = field(factory=Horizons)
    totals: Sequence[ReconciliationTotal] = field(default=(), repr=False)
    differences: Sequence[Difference] = field(default=(), repr=False)
    months: Sequence[Month] = field(default=(), repr=False)
    ageing: Sequence[Age] = field(default=(), repr=False)
    not_checked: int = 0
    unproved: Sequence[str] = ()
    closed: Sequence[str] = ()

    @property
    def open(self) -> Sequence[Difference]:
        """The differences that no person has explained."""
        return [each for each in self.differences if each.note is None]

    @property
    def is_reconciled(self) -> bool:
        """Whether every difference is explained, every list is proved, and everything could be checked."""
        return not self.open and not self.not_checked and not self.unproved


def compare(facts: Facts, horizons: Horizons, account: str, target: str) -> Reconciliation:
    """Compare all data of an account; it neither reads nor writes a database.

    Args:
        facts: The data to compare.
        horizons: How long the service may take before a missing record is a difference.
        account: The account's name.
        target: The base URL, or the sandbox, that it is an account of.
    """
    standings, differences = check_invoices(facts, horizons)
    money = check_money(facts, horizons)
    differences += check_overpaid(standings, settled_once(facts.allocated)[0]) + money.differences
    order = {kind: place for place, kind in enumerate(DIFFERENCES)}
    differences.sort(key=lambda each: (order[each.kind], each.day, each.subject, each.id))
    totals = _totals(standings, money)
    return Reconciliation(
        account=account,
        target=target,
        made_at=facts.now,
        horizons=horizons,
        totals=totals,
        differences=_with_names_of_their_own(differences),
        months=_months(facts),
        ageing=_ageing(facts),
        not_checked=sum(total.count for total in totals if total.kind is DifferenceKind.NOT_CHECKED),
        unproved=facts.unproved,
    )


def _with_names_of_their_own(differences: Sequence[Difference]) -> list[Difference]:
    """Return the differences with unique ids; of equal ones, the later ones get other ids."""
    seen: Counter[str] = Counter()
    named: list[Difference] = []
    for each in differences:
        seen[each.id] += 1
        named.append(each if seen[each.id] == 1 else evolve(each, id=f"{each.id}-{seen[each.id]}"))
    return named


def _totals(standings: Sequence[InvoiceStanding], money: MoneyCheck) -> list[ReconciliationTotal]:
    found: dict[tuple[str, str, str, DifferenceKind], list[int]] = defaultdict(list)
    for standing in standings:
        sent, cents = standing.sent, standing.sent.cents or 0
        signed = -cents if sent.type == "CREDIT_NOTE" and cents > 0 else cents
        found["invoices", sent.currency, sent.seller, standing.kind].append(signed)
    for paid in money.payments:
        found["payments", paid.paid.currency or "", "", paid.kind].append(paid.paid.cents or 0)
    for settlement, kind in money.settlements:
        found["settlements", settlement.currency or "", "", kind].append(settlement.cents or 0)
    order = {kind: place for place, kind in enumerate(DifferenceKind)}
    return [
        ReconciliationTotal(
            what=what, kind=kind, currency=currency, seller=seller, count=len(each), cents=sum(each)
        )
        for (what, currency, seller, kind), each in sorted(
            found.items(), key=lambda item: (*item[0][:3], order[item[0][3]])
        )
    ]


def _months(facts: Facts) -> list[Month]:
    """Return the last months by currency; ``open`` is what was sent up to then less what was paid."""
    flows: Mapping[str, dict[str, Counter[str]]] = {
        name: defaultdict(Counter) for name in ("sent", "collected", "paid_out")
    }
    paid_on: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for sent in facts.sent:
        if sent.type not in {"CREDIT_NOTE", "REMINDER"}:
            flows["sent"][sent.currency][sent.date[:7]] += sent.cents or 0
    for paid in facts.paid:
        flows["collected"][paid.currency or ""][paid.day[:7]] += paid.cents or 0
        paid_on[paid.number or ""].append((paid.day, paid.cents or 0))
    for settlement in facts.paid_out:
        flows["paid_out"][settlement.currency or ""][(settlement.date or "")[:7]] += settlement.cents or 0
    months = _last_months(facts.today)
    open_at, overdue_at = _open_at(facts, paid_on, months)
    currencies = sorted({currency for flow in flows.values() for currency in flow if currency})
    return [
        Month(
            month=month,
            currency=currency,
            open=open_at[month, currency],
            overdue=overdue_at[month, currency],
            **{name: flow[currency][month] for name, flow in flows.items()},
        )
        for currency in currencies
        for month in months
    ]


def _last_months(today: datetime.date) -> list[str]:
    months = [today.replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - datetime.timedelta(days=1)).replace(day=1))
    return [f"{month:%Y-%m}" for month in reversed(months)]


def _open_at(
    facts: Facts, paid_on: Mapping[str, Sequence[tuple[str, int]]], months: Sequence[str]
) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Return the open sum at the end of each month, and the part of it that was older than 30 days."""
    whole, late = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    ends = {month: f"{month}-31" for month in months}
    old = {
        month: (datetime.date.fromisoformat(f"{month}-28") - datetime.timedelta(days=27)).isoformat()
        for month in months
    }
    for sent in facts.sent:
        if sent.type in {"CREDIT_NOTE", "REMINDER"} or not sent.cents:
            continue
        payments = paid_on.get(sent.number, ())
        for month, end in ends.items():
            if sent.date > end:
                continue
            left = max(0, sent.cents - sum(cents for day, cents in payments if day <= end))
            whole[month, sent.currency] += left
            if sent.date < old[month]:
                late[month, sent.currency] += left
    return whole, late


def _ageing(facts: Facts) -> list[Age]:
    dates = {record.case: record.date for record in facts.listed if record.case is not None}
    found: dict[tuple[str, int | None], list[int]] = defaultdict(list)
    for case in facts.owed:
        dated = dates.get(case.id)
        if case.closed_at is not None or not case.total or dated is None:
            continue
        age = (facts.today - datetime.date.fromisoformat(dated)).days
        until = next((days for days in AGES if age <= days), None)
        found[case.currency or "", until].append(case.total)
    order = {until: place for place, until in enumerate((*AGES, None))}
    return [
        Age(currency=currency, until_days=until, count=len(open_sums), cents=sum(open_sums))
        for (currency, until), open_sums in sorted(
            found.items(), key=lambda item: (item[0][0], order[item[0][1]])
        )
    ]
