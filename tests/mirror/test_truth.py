"""After each daily run the mirror holds what the service tells, record for record."""

import datetime

import pytest
from services.vendor_history import CallRecord

from confirma_async.mirror.content import digest
from confirma_async.sandbox import ListedKind

DAYS = 30


@pytest.fixture
def history(sandbox):
    return CallRecord(
        first=sandbox.clock.now().date(),
        days=DAYS,
        invoices=DAYS * 6,
        payments=DAYS * 5,
        settlements=DAYS // 3,
    )


def pass_a_day(sandbox, history):
    sandbox.clock.advance(days=1)
    history.next_day()
    for kind in ListedKind:
        sandbox.add_records(kind, {name: history.listed[kind][name] for name in history.changed[kind]})
        sandbox.remove_records(kind, sorted(history.dropped[kind]))


async def test_a_history_that_changes_every_day_is_held_after_each_run(sandbox, history, sync, truth):
    for _ in range(DAYS):
        pass_a_day(sandbox, history)
        report = await sync()
        assert report.complete
        await truth.holds()


async def test_the_cases_that_changed_are_held_too(sandbox, history, sync, mirror, confirma):
    for _ in range(DAYS // 3):
        pass_a_day(sandbox, history)
        await sync()
        rows = mirror(
            "SELECT c.case_id, v.raw FROM case_data c JOIN record r ON r.id = c.record "
            "JOIN revision v ON v.record = r.id AND v.number = r.revision"
        )
        held = {str(case): digest(confirma.converter.parse(raw)) for case, raw in rows}
        assert {name: digest(record) for name, record in history.listed[ListedKind.CASE].items()} == held


async def test_what_is_taken_back_is_gone_after_two_runs_and_kept_in_its_raw_form(
    sandbox, history, sync, mirror, truth
):
    history.next_day()
    name, record = next(iter(history.listed[ListedKind.PAYMENT].items()))
    sandbox.add_records(ListedKind.PAYMENT, {name: record})
    await sync()
    sandbox.remove_records(ListedKind.PAYMENT, [name])
    sandbox.clock.advance(days=1)
    await sync()
    assert mirror("SELECT count(*) FROM record WHERE gone_since IS NOT NULL") == [(0,)]
    sandbox.clock.advance(days=1)
    report = await sync()
    assert report.streams["payments"].gone == 1
    assert mirror("SELECT count(*) FROM payments") == [(0,)]
    assert mirror("SELECT count(*) FROM revision") == [(1,)]
    sandbox.add_records(ListedKind.PAYMENT, {name: record})
    sandbox.clock.advance(days=1)
    report = await sync()
    assert report.streams["payments"].back == 1
    assert mirror("SELECT count(*) FROM payments") == [(1,)]
    await truth.holds()


async def test_a_second_run_an_hour_later_is_no_second_proof_of_absence(sandbox, history, sync, mirror):
    history.next_day()
    name, record = next(iter(history.listed[ListedKind.PAYMENT].items()))
    sandbox.add_records(ListedKind.PAYMENT, {name: record})
    await sync()
    sandbox.remove_records(ListedKind.PAYMENT, [name])
    for _ in range(3):
        sandbox.clock.advance(hours=1)
        await sync()
    assert mirror("SELECT count(*) FROM record WHERE gone_since IS NOT NULL") == [(0,)]


async def test_an_invoice_of_200_days_ago_that_is_open_is_seen_to_change_in_the_next_run(
    sandbox, sync, mirror
):
    day = sandbox.clock.now().date()
    record = {"invoiceNumber": "9", "invoiceDate": day.isoformat(), "status": "ACCEPTED", "method": "EMAIL"}
    sandbox.add_records(ListedKind.DISTRIBUTION, {"d": record})
    await sync()
    sandbox.clock.advance(days=200)
    await sync()
    sandbox.add_records(ListedKind.DISTRIBUTION, {"d": {**record, "status": "INVOICED"}})
    sandbox.clock.advance(days=1)
    await sync()
    assert mirror("SELECT status FROM invoices") == [("INVOICED",)]


async def test_settlements_of_the_past_year_are_read_again_within_a_week(sandbox, sync, truth):
    day = sandbox.clock.now().date() - datetime.timedelta(days=100)
    record = {"settlementId": 100000000001, "settlementDate": day.isoformat(), "settlementAmount": 1}
    sandbox.add_records(ListedKind.SETTLEMENT, {"s": record})
    await sync()
    sandbox.add_records(ListedKind.SETTLEMENT, {"s": {**record, "settlementAmount": 2}})
    for _ in range(7):
        sandbox.clock.advance(days=1)
        await sync()
    await truth.holds()
