"""A window counts only where it is proved to be whole; what does not count says nothing of what it lacks."""

import asyncio
import datetime
from typing import Any

import pytest

from confirma_async.errors import AuthenticationError, ConfigurationError
from confirma_async.mirror import ask
from confirma_async.sandbox import Fault, ListedKind

LISTS = ["payments.list", "payments.settlements", "invoices.distributions"]


def payment(number, day, amount=10, **others):
    return {"invoiceNumber": str(number), "bookingDate": f"{day}T10:00:00.000Z", "amount": amount, **others}


@pytest.fixture
def paid(sandbox):
    """Three payments a day for the last twenty days."""
    today = sandbox.clock.now().date()
    records = {
        f"{back}-{number}": payment(number, today - datetime.timedelta(days=back))
        for back in range(20)
        for number in range(3)
    }
    sandbox.add_records(ListedKind.PAYMENT, records)
    return records


async def test_two_equal_payments_stay_two(sandbox, sync, mirror):
    day = sandbox.clock.now().date()
    sandbox.add_records(ListedKind.PAYMENT, {"first": payment(7, day), "second": payment(7, day)})
    await sync()
    await sync()
    assert mirror("SELECT number, amount_cents FROM payments") == [("7", 1000), ("7", 1000)]
    sandbox.remove_records(ListedKind.PAYMENT, ["second"])
    for _ in range(2):
        sandbox.clock.advance(days=1)
        await sync()
    assert mirror("SELECT number, amount_cents FROM payments") == [("7", 1000)]


async def test_an_amount_written_in_another_way_is_no_change(sandbox, sync, mirror):
    from decimal import Decimal

    day = sandbox.clock.now().date()
    for amount in (Decimal("100.0"), Decimal("100.00"), 100):
        sandbox.add_records(ListedKind.PAYMENT, {"p": payment(7, day, amount)})
        await sync()
    assert mirror("SELECT kind FROM change") == [("new",)]


async def test_a_fetch_date_is_no_change(sandbox, sync, mirror):
    day = sandbox.clock.now().date().isoformat()
    record = {
        "settlementId": 100000000001,
        "settlementDate": day,
        "settlementAmount": 1,
        "apiFetchDate": None,
    }
    for fetched in (None, f"{day}T10:00:00.000Z"):
        sandbox.add_records(ListedKind.SETTLEMENT, {"s": {**record, "apiFetchDate": fetched}})
        await sync()
    assert mirror("SELECT kind FROM change") == [("new",)]


async def test_settlements_are_never_asked_for_by_what_was_not_fetched(sandbox, sync, confirma, paid):
    day = sandbox.clock.now().date().isoformat()
    sandbox.add_records(ListedKind.SETTLEMENT, {"s": {"settlementId": 100000000001, "settlementDate": day}})
    await sync()
    found = await confirma.payments.settlements(
        from_date=sandbox.clock.now().date(), to_date=sandbox.clock.now().date()
    )
    assert found.settlements[0].api_fetch_date is None


@pytest.mark.parametrize("cut", [7, 20, 50])
async def test_a_list_that_is_cut_off_silently_is_noticed(sandbox, sync, truth, paid, cut):
    sandbox.faults.add(Fault.CUT_LIST, operation="payments.list", times=None, records=cut)
    report = await sync()
    if cut > 9:  # three days of three: what is asked for to prove one day
        assert report.complete
        await _without_faults(sandbox, truth)
    else:
        assert report.streams["payments"].open


async def _without_faults(sandbox, truth):
    sandbox.faults.clear()
    await truth.holds()


async def test_a_list_that_is_cut_off_takes_nothing_away(sandbox, sync, truth, paid):
    await sync()
    sandbox.faults.add(Fault.CUT_LIST, operation="payments.list", times=None, records=12)
    for _ in range(3):
        sandbox.clock.advance(days=1)
        await sync()
    sandbox.faults.clear()
    assert truth.mirrored("payments", missed=True) == await truth.listed("payments")


async def test_distributions_that_are_fewer_than_the_answer_counts_prove_nothing(sandbox, sync):
    day = sandbox.clock.now().date().isoformat()
    records = {str(n): {"invoiceNumber": str(n), "invoiceDate": day, "status": "INVOICED"} for n in range(9)}
    sandbox.add_records(ListedKind.DISTRIBUTION, records)
    sandbox.faults.add(Fault.CUT_LIST, operation="invoices.distributions", times=None, records=5)
    report = await sync()
    ((window, reason),) = report.streams["distributions"].open
    assert window.startswith(day[:7])
    assert "counts 9 records and holds 5" in reason


async def test_a_list_that_ignores_the_days_is_told_and_loses_nothing(sandbox, sync, truth, paid):
    sandbox.faults.add(Fault.IGNORED_DAYS, operation="payments.list", times=None)
    report = await sync()
    assert "outside of the days" in report.streams["payments"].open[0][1]
    sandbox.faults.clear()
    await sync()
    await truth.holds()


FAULTS: dict[str, tuple[Fault, dict[str, Any]]] = {
    "truncated": (Fault.TRUNCATED_BODY, {}),
    "reset": (Fault.RESET_AFTER_COMMIT, {}),
    "foreign": (Fault.FOREIGN_ANSWER, {}),
    "failing": (Fault.SERVER_ERROR, {"status": 500}),
    "slow": (Fault.SLOW_DRIP, {"seconds": 5.0}),
    "empty object": (Fault.FOREIGN_ANSWER, {"body": "{}"}),
    "error": (Fault.FOREIGN_ANSWER, {"body": '{"message": "try later"}'}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", LISTS)
async def test_a_run_that_fails_midway_takes_nothing_away_and_the_next_one_goes_on(
    sandbox, sync, truth, mirror, paid, fault, operation
):
    await sync()
    kind, options = FAULTS[fault]
    sandbox.clock.advance(days=1)
    sandbox.faults.add(kind, operation=operation, times=None if fault != "slow" else 2, **options)
    report = await sync()
    sandbox.faults.clear()
    assert not report.complete or fault == "slow"  # a shorter window may be quick enough
    assert mirror("SELECT count(*) FROM record WHERE missed_at IS NOT NULL OR gone_since IS NOT NULL") == [
        (0,)
    ]
    assert (await sync()).complete
    await truth.holds()


async def test_a_window_that_is_too_slow_is_cut_and_begun_in_pieces_the_next_time(
    sandbox, sync, mirror, paid, truth
):
    sandbox.faults.add(Fault.LATENCY, operation="payments.list", times=1, seconds=2.5)
    assert (await sync()).complete
    assert mirror("SELECT max(pieces) FROM reading WHERE stream = 'payments'") == [(2,)]
    await truth.holds()


async def test_a_key_that_is_refused_stops_the_run_and_says_so(sandbox, sync, mirror):
    sandbox.expire_token()
    report = await sync()
    assert not report.complete
    assert isinstance(report.error, AuthenticationError)
    assert mirror("SELECT count(*) FROM reading") == [(0,)]


async def test_late_and_out_of_order_records_are_found(sandbox, sync, truth, paid):
    await sync()
    today = sandbox.clock.now().date()
    late = {f"late{back}": payment(99, today - datetime.timedelta(days=back)) for back in (33, 1, 17, 5)}
    for name, record in late.items():
        sandbox.add_records(ListedKind.PAYMENT, {name: record})
        await sync()
        await truth.holds()


async def test_a_payment_that_is_changed_is_one_payment(sandbox, sync, mirror):
    day = sandbox.clock.now().date()
    sandbox.add_records(ListedKind.PAYMENT, {"p": payment(7, day, 10), "other": payment(8, day, 10)})
    await sync()
    sandbox.add_records(ListedKind.PAYMENT, {"p": payment(7, day, 11)})
    await sync()
    assert mirror("SELECT kind, revision FROM change ORDER BY id")[2:] == [("changed", 2)]
    assert mirror("SELECT number, amount_cents FROM payments ORDER BY 1") == [("7", 1100), ("8", 1000)]


async def test_payments_that_may_be_another_are_marked_and_not_guessed(sandbox, sync, mirror):
    day = sandbox.clock.now().date()
    sandbox.add_records(ListedKind.PAYMENT, {"a": payment(7, day, 10), "b": payment(7, day, 20)})
    await sync()
    sandbox.add_records(ListedKind.PAYMENT, {"a": payment(7, day, 11), "b": payment(7, day, 21)})
    await sync()
    assert mirror("SELECT kind FROM change ORDER BY id")[2:] == [("new",), ("new",)]
    assert mirror("SELECT count(pair) FROM change") == [(2,)]


async def test_what_the_contract_does_not_know_is_kept_and_told(sandbox, sync, mirror):
    day = sandbox.clock.now().date()
    odd = payment(7, day, "ten", channel="card")
    sandbox.add_records(ListedKind.PAYMENT, {"p": odd})
    report = await sync()
    assert report.complete
    assert mirror("SELECT path, kind FROM drift ORDER BY 1") == [
        (".amount", "unreadable"),
        (".channel", "unknown"),
    ]
    assert mirror("SELECT number, amount_cents FROM payments") == [("7", None)]


async def test_a_clock_that_went_backwards_stops_the_run(sandbox, confirma, place):
    from confirma_async.errors import MirrorError

    await confirma.mirror.sync(place, now=sandbox.clock.now())
    with pytest.raises(MirrorError, match="backwards"):
        await confirma.mirror.sync(place, now=sandbox.clock.now() - datetime.timedelta(days=1))


@pytest.fixture
def cased(sandbox):
    """Forty invoices, each with a case."""
    day = str(sandbox.clock.now().date())
    numbers = range(1, 41)
    records = {f"d{n}": {"invoiceNumber": str(n), "invoiceDate": day, "caseId": n} for n in numbers}
    sandbox.add_records(ListedKind.DISTRIBUTION, records)
    sandbox.add_records(
        ListedKind.CASE, {str(n): {"summary": {"caseId": n, "stage": "OVERDUE"}} for n in numbers}
    )


async def test_a_case_that_cannot_be_read_is_told_and_read_later(sandbox, sync, mirror, cased):
    sandbox.faults.add(Fault.SERVER_ERROR, operation="invoices.case", times=1, status=500)
    report = await sync()
    assert len(report.streams["cases"].open) == 1
    assert mirror("SELECT count(*) FROM case_data") == [(39,)]
    sandbox.clock.advance(days=1)
    await sync()
    assert mirror("SELECT count(*) FROM case_data") == [(40,)]


async def test_a_key_that_is_refused_among_cases_keeps_what_was_read(sandbox, sync, mirror, cased):
    sandbox.faults.add(Fault.LATENCY, operation="invoices.case", times=40, seconds=0.01)

    def expire(progress):
        if progress.stream == "cases" and progress.done:
            sandbox.expire_token()

    report = await sync(progress=expire)
    assert isinstance(report.error, AuthenticationError)
    assert mirror("SELECT count(*) FROM case_data") == [(32,)]


async def test_cases_beyond_what_a_run_reads_wait_and_are_told(sandbox, sync, mirror, cased):
    report = await sync(most_cases=10)
    assert report.streams["cases"].left == 30
    assert mirror("SELECT count(*) FROM case_data") == [(10,)]


async def test_a_run_that_is_cancelled_leaves_a_mirror_that_the_next_one_goes_on_with(
    sandbox, sync, truth, paid
):
    def stop(progress):
        if progress.stream == "payments" and progress.done == 2:
            running.cancel()

    running = asyncio.ensure_future(sync(progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await sync()).complete
    await truth.holds()


async def test_a_backfill_of_a_part_of_a_window_leaves_nothing_of_it_unread(sandbox, sync, mirror):
    sandbox.add_records(
        ListedKind.PAYMENT, {"p": {"invoiceNumber": "7", "bookingDate": "2025-11-10", "amount": 1}}
    )
    await sync(from_date=datetime.date(2025, 11, 1), to_date=datetime.date(2025, 11, 5))
    sandbox.clock.advance(days=1)
    await sync()
    assert mirror("SELECT count(*) FROM payment_data") == [(1,)]


async def test_settlements_without_an_identifier_stay_as_many_as_they_are(sandbox, sync, mirror, truth):
    today = sandbox.clock.now().date()
    days = [str(today - datetime.timedelta(days=back)) for back in (0, 3, 4, 6, 9)]
    listed = {
        day: {"settlementDate": day, "settlementAmount": place}
        for place, day in enumerate(days)
        if place != 2
    }
    sandbox.add_records(ListedKind.SETTLEMENT, listed)
    await sync()
    sandbox.add_records(ListedKind.SETTLEMENT, {"late": {"settlementDate": days[2], "settlementAmount": 77}})
    sandbox.clock.advance(days=1)
    await sync()
    await truth.holds()
    assert mirror("SELECT count(*) FROM record") == [(5,)]


async def test_an_answer_that_tells_of_another_case_is_not_believed(sandbox, sync, mirror):
    day = str(sandbox.clock.now().date())
    invoice = {"invoiceNumber": "1", "invoiceDate": day, "status": "INVOICED", "caseId": 1}
    sandbox.add_records(ListedKind.DISTRIBUTION, {"d": invoice})
    sandbox.add_records(ListedKind.CASE, {"1": {"summary": {"caseId": 2, "stage": "OVERDUE"}, "balance": {}}})
    report = await sync()
    assert report.streams["cases"].open == [("case 1", "the answer is not the case that was asked for")]
    assert mirror("SELECT count(*) FROM case_data") == [(0,)]


async def test_a_moment_without_a_time_zone_is_refused(confirma, place):
    with pytest.raises(ConfigurationError, match="needs a time zone"):
        await confirma.mirror.sync(place, now=datetime.datetime(2026, 3, 3, 6))  # noqa: DTZ001  (the fault)


@pytest.fixture
def odd(sandbox):
    """What a database may not take: texts with NUL, or very long; numbers and days beyond its own."""
    day = sandbox.clock.now().date()
    texts = ["a\0b", "\0", "x" * 100_000, "'; DROP TABLE record; --", "\u202e\ufeff"]
    records = {str(place): payment(place, day, accountName=text) for place, text in enumerate(texts)}
    records["n"] = payment("\x007", day, caseId=2**70)
    records["m"] = payment("8", day, caseId=-(2**70), amount=10**30, paymentDate="0001-01-01T00:00:00+02:00")
    records["l"] = payment("9", day, paymentDate="9999-12-31T23:59:59-02:00")
    sandbox.add_records(ListedKind.PAYMENT, records)
    return records


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_odd_texts_are_kept_and_stop_no_run(sandbox, confirma, odd, tmp_path, request, kind):
    place = tmp_path / "odd.db" if kind == "sqlite" else request.getfixturevalue("postgres")
    report = await confirma.mirror.sync(place, now=sandbox.clock.now())
    assert report.complete
    again = await confirma.mirror.sync(place, now=sandbox.clock.now())
    assert again.streams["payments"].new == again.streams["payments"].changed == 0
    assert ask("SELECT count(*) FROM payments", place).rows == [(len(odd),)]
    assert await confirma.mirror.rebuild(place) == len(odd)
    assert len([event async for event in confirma.mirror.events(place)]) == len(odd)
