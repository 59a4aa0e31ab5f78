"""Lists against services that ignore a filter, cut their answers, turn them around or repeat records."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any

import pytest

from confirma_async import ConfigurationError, Confirma
from tests.services.standin import stand_in

TODAY = datetime.datetime.now(datetime.UTC).date()


def day(back):
    return (TODAY - datetime.timedelta(days=back)).isoformat()


def settlement(number, back):
    return {"settlementId": number, "settlementDate": day(back), "settlementAmount": 1.5, "currency": "EUR"}


def payment(number, back):
    return {"caseId": number, "invoiceNumber": str(number), "bookingDate": day(back), "amount": 2}


def distribution(number, back):
    return {"invoiceNumber": str(number), "invoiceDate": day(back), "status": "INVOICED"}


MAKE = {"settlements": settlement, "payments": payment, "distributions": distribution, "v2": distribution}
DATE = {
    "settlements": "settlementDate",
    "payments": "bookingDate",
    "distributions": "invoiceDate",
    "v2": "invoiceDate",
}
NAMES = {"settlements": ("fromDate", "toDate"), "payments": ("fromDate", "toDate")}


def listed(kind, confirma: Confirma, **period):
    match kind:
        case "settlements":
            return confirma.payments.settlements(**period)
        case "payments":
            return confirma.payments.list(**period)
        case "distributions":
            return confirma.invoices.distributions(**period)
        case _:
            return confirma.invoices.distributions_v2(**period)


def number_of(record):
    return int(getattr(record, "settlement_id", None) or record.invoice_number)


class Service:
    """What a service has, and how badly it answers."""

    def __init__(
        self, kind, records, *, ignores=False, default=None, cap=None, backwards=False, repeats=False
    ):
        self.kind, self.records = kind, records
        self.ignores, self.default, self.cap = ignores, default, cap
        self.backwards, self.repeats = backwards, repeats

    def __call__(self, _method, _path, query):
        first, last = (query.get(name) for name in NAMES.get(self.kind, ("fromInvDate", "toInvDate")))
        found = self.records
        if not self.ignores and first:
            found = [record for record in found if first <= record[DATE[self.kind]] <= last]
        elif self.default is not None:
            found = [record for record in found if record[DATE[self.kind]] >= day(self.default)]
        if self.backwards:
            found = found[::-1]
        if self.repeats:
            found = found + found[:3]
        total = len(found)
        if self.kind == "v2":
            page, size = int(query["page"]), self.cap or 30
            found = found[(page - 1) * size : page * size]
        elif self.cap:
            found = found[: self.cap]
        match self.kind:
            case "settlements":
                return {"settlements": found}
            case "payments":
                return found
            case "distributions":
                return {"metaData": {"totalCount": total}, "data": found}
            case _:
                return {"metaData": {"pageSize": self.cap or 30}, "data": found}


KINDS = pytest.mark.parametrize("kind", MAKE)
BY_WINDOWS = pytest.mark.parametrize("kind", [kind for kind in MAKE if kind != "v2"])
PERIOD: dict[str, Any] = {
    "from_date": TODAY - datetime.timedelta(days=80),
    "to_date": TODAY - datetime.timedelta(days=15),
}


def some(kind, count=40, first=10, last=100):
    """Records, newest first, spread over days."""
    return [MAKE[kind](1000 + index, first + index * (last - first) // count) for index in range(count)]


def wanted(kind, records):
    """The numbers of the period's records, a day of grace on both sides."""
    inside = [record for record in records if day(80) <= record[DATE[kind]] <= day(15)]
    return Counter(record.get("settlementId") or int(record["invoiceNumber"]) for record in inside)


async def told_by(service, kind, **period):
    async with stand_in(service) as running, running.client() as confirma:
        reported = Counter([number_of(record) async for record in listed(kind, confirma, **period)])
        return reported, running.asked, confirma.drift


@KINDS
@pytest.mark.parametrize("backwards", [False, True])
async def test_a_service_that_applies_its_filter_is_asked_window_by_window(kind, backwards):
    records = some(kind)
    reported, _, drift = await told_by(Service(kind, records, backwards=backwards), kind, **PERIOD)
    assert reported == wanted(kind, records)
    assert not drift


@KINDS
@pytest.mark.parametrize("backwards", [False, True])
async def test_a_filter_that_is_ignored_is_made_up_for(kind, backwards):
    records = some(kind)
    service = Service(kind, records, ignores=True, backwards=backwards)
    reported, asked, drift = await told_by(service, kind, **PERIOD)
    assert set(reported.values()) == {1}
    assert (
        set(wanted(kind, records)) <= set(reported) <= set(wanted(kind, some(kind, 40))) | {1002, 1031, 1032}
    )
    assert [each.expected for each in next(iter(drift.values()))] == ["records of the period asked for alone"]
    if kind != "v2":
        assert len(asked) == 2  # the first window, and days that hold nothing


@BY_WINDOWS
async def test_an_answer_that_is_awaited_holds_the_period_alone(kind):
    records = some(kind)
    async with stand_in(Service(kind, records, ignores=True)) as running, running.client() as confirma:
        answer = await listed(kind, confirma, **PERIOD)
    found = {"settlements": "settlements", "distributions": "data"}.get(kind)
    reported = [number_of(record) for record in (getattr(answer, found) if found else answer)]
    assert Counter(reported) == wanted(kind, records)


@BY_WINDOWS
@pytest.mark.parametrize("default", [30, 20])
async def test_a_service_that_ignores_the_days_and_has_a_window_of_its_own_is_told_of(kind, default):
    service = Service(kind, some(kind), ignores=True, default=default)
    with pytest.raises(ConfigurationError, match=r"from_\w*date and .to_\w*date with Overrides"):
        await told_by(service, kind, **PERIOD)


@BY_WINDOWS
async def test_one_answer_that_is_ignored_and_cut_cannot_be_complete(kind):
    service = Service(kind, some(kind, 230), ignores=True, cap=100)
    with pytest.raises(ConfigurationError, match="nothing shows that one answer holds all"):
        await told_by(service, kind, **PERIOD)


@KINDS
@pytest.mark.parametrize("backwards", [False, True])
async def test_an_answer_that_is_cut_is_asked_for_in_halves(kind, backwards):
    records = some(kind, 700)
    service = Service(kind, records, cap=100, backwards=backwards)
    reported, _, _ = await told_by(service, kind, **PERIOD)
    assert reported == wanted(kind, records)


@BY_WINDOWS
async def test_more_records_of_one_day_than_an_answer_holds_are_told_of(kind):
    records = [MAKE[kind](number, 40) for number in range(1, 151)] + [MAKE[kind](200, 42)]
    with pytest.raises(ConfigurationError, match="cuts its answers at 100"):
        await told_by(Service(kind, records, cap=100), kind, **PERIOD)


@pytest.mark.parametrize("ignores", [False, True])
async def test_a_settlement_that_an_answer_repeats_is_told_once(ignores):
    service = Service("settlements", some("settlements", 30), repeats=True, ignores=ignores)
    reported, _, drift = await told_by(service, "settlements", **PERIOD)
    assert set(reported.values()) == {1}
    assert "each record once" in [each.expected for each in drift["payments.settlements"]]


@KINDS
async def test_days_that_records_do_not_bear_may_be_what_is_filtered_by(kind):
    """Its own date of each record lies five days after the one it bears: none is lost, none is told twice."""
    records = some(kind)

    def answer(method, path, query):
        first, last = (query.get(name) for name in NAMES.get(kind, ("fromInvDate", "toInvDate")))
        early, late = (
            (datetime.date.fromisoformat(each) - datetime.timedelta(days=5)).isoformat()
            for each in (first, last)
        )
        names = NAMES.get(kind, ("fromInvDate", "toInvDate"))
        return Service(kind, records)(method, path, {**query, names[0]: early, names[1]: late})

    reported, _, drift = await told_by(answer, kind, **PERIOD)
    inside = [record for record in records if day(85) <= record[DATE[kind]] <= day(20)]
    assert reported == Counter(
        record.get("settlementId") or int(record["invoiceNumber"]) for record in inside
    )
    if kind != "v2":
        assert [each.found for each in next(iter(drift.values()))] == ["records by other days"]


@pytest.mark.parametrize("kind", ["distributions", "v2"])
async def test_records_of_other_numbers_are_left_out(kind):
    records = some(kind)
    async with stand_in(Service(kind, records)) as running, running.client() as confirma:
        verb = getattr(confirma.invoices, "distributions" if kind == "distributions" else "distributions_v2")
        reported = [record.invoice_number async for record in verb(invoice_number=1010, **PERIOD)]
        assert reported == ["1010"]
        assert [each.path for each in next(iter(confirma.drift.values()))] == ["the invoice number"]
        if kind == "distributions":
            assert [each.invoice_number for each in (await verb(invoice_number=1010, **PERIOD)).data] == [
                "1010"
            ]
            assert len((await verb(invoice_number=1010, **PERIOD, strict=True)).data) > 1


async def test_payments_that_nothing_tells_apart_are_compared_as_a_whole():
    undated = [{"caseId": 7, "amount": 1}, {"caseId": 7, "amount": 1}]
    async with stand_in(lambda *_: undated) as running, running.client() as confirma:
        with pytest.raises(ConfigurationError, match=r"PaymentsQuery\.from_date"):
            [payment async for payment in confirma.payments.list(**PERIOD)]
        assert len(await confirma.payments.list(**PERIOD)) == 2


async def test_a_case_that_was_not_asked_for_is_no_answer():
    answer = {"case": {"summary": {"caseId": 8}}}
    async with stand_in(lambda *_: answer) as running, running.client() as confirma:
        assert (await confirma.invoices.case(8)).case is not None
        with pytest.raises(ConfigurationError, match=r"another case.*CaseQuery\.case_id"):
            await confirma.invoices.case(7)
