"""Days of 23 and of 25 hours, the end of a year, a leap day: each is read, and today is never closed."""

import datetime
import itertools
from zoneinfo import ZoneInfo

import pytest

from confirma_async import Confirma, Sandbox
from confirma_async.mirror.reading.windows import OVERLAP, halves, today_of
from confirma_async.sandbox import ListedKind, VirtualClock

HELSINKI = ZoneInfo("Europe/Helsinki")


def local(year, month, day, hour, minute=30, *, fold=0):
    """Return a moment by the clock in Helsinki; ``fold=1`` is the second of an hour that comes twice."""
    return datetime.datetime(year, month, day, hour, minute, tzinfo=HELSINKI, fold=fold)


NIGHTS = {
    "summer ends": [
        local(2026, 10, 24, 23),
        local(2026, 10, 25, 0),
        local(2026, 10, 25, 2),
        local(2026, 10, 25, 3),
        local(2026, 10, 25, 3, fold=1),
        local(2026, 10, 25, 23),
        local(2026, 10, 26, 0),
        local(2026, 10, 26, 3),
    ],
    "summer begins": [
        local(2026, 3, 28, 23),
        local(2026, 3, 29, 0),
        local(2026, 3, 29, 2),
        local(2026, 3, 29, 4),
        local(2026, 3, 29, 23),
        local(2026, 3, 30, 0),
        local(2026, 3, 30, 3),
    ],
    "a year ends": [
        local(2026, 12, 31, 2),
        local(2026, 12, 31, 23, 59),
        local(2027, 1, 1, 0, 1),
        local(2027, 1, 1, 2),
        local(2027, 1, 2, 2),
    ],
    "a leap day": [
        local(2028, 2, 28, 23),
        local(2028, 2, 29, 0),
        local(2028, 2, 29, 2),
        local(2028, 2, 29, 23),
        local(2028, 3, 1, 0),
        local(2028, 3, 1, 2),
    ],
}


@pytest.fixture(params=NIGHTS)
def night(request):
    return NIGHTS[request.param]


@pytest.fixture
async def sandbox(night):
    async with Sandbox(clock=VirtualClock(night[0].astimezone(datetime.UTC))) as running:
        yield running


@pytest.fixture
async def confirma(sandbox):
    async with Confirma(sandbox.api_key, base_url=sandbox.url, timeout=20) as client:
        yield client


def list_payment(sandbox, number, moment):
    """Tell of a payment that was booked at a moment, and of an invoice of its day in Helsinki."""
    booked = moment.astimezone(datetime.UTC)
    sandbox.add_records(
        ListedKind.PAYMENT,
        {str(number): {"invoiceNumber": str(number), "bookingDate": f"{booked:%Y-%m-%dT%H:%M:%S}.000Z"}},
    )
    sandbox.add_records(
        ListedKind.DISTRIBUTION,
        {
            str(number): {
                "invoiceNumber": str(number),
                "invoiceDate": f"{moment:%Y-%m-%d}",
                "status": "INVOICED",
            }
        },
    )


@pytest.mark.parametrize("zone", [datetime.UTC, HELSINKI])
async def test_what_is_told_before_a_run_is_held_after_it_at_any_hour_of_the_night(
    sandbox, confirma, place, mirror, truth, night, zone
):
    for number, moment in enumerate(night):
        at = moment.astimezone(datetime.UTC)
        sandbox.clock.advance(seconds=(at - sandbox.clock.now()).total_seconds())
        list_payment(sandbox, number, moment)
        report = await confirma.mirror.sync(place, now=at.astimezone(zone))
        assert report.complete
        await truth.holds()
        tomorrow = today_of(at) + datetime.timedelta(days=1)
        assert mirror("SELECT max(last) FROM reading") == [(str(tomorrow),)]
    assert mirror("SELECT count(*) FROM record WHERE missed_at IS NOT NULL") == [(0,)]
    began = [at for (at,) in mirror("SELECT began_at FROM run ORDER BY id")]
    assert began == sorted(began)
    assert all(at.endswith("Z") for at in began)


async def test_a_record_is_gone_after_two_daily_runs_however_long_the_day_was(
    sandbox, confirma, place, mirror, night
):
    day = night[0]
    list_payment(sandbox, 7, day)
    for back in range(3):
        if back:
            sandbox.remove_records(ListedKind.PAYMENT, ["7"])
        at = (day + datetime.timedelta(days=back)).astimezone(datetime.UTC)  # the same hour on the wall
        sandbox.clock.advance(seconds=max(0.0, (at - sandbox.clock.now()).total_seconds()))
        await confirma.mirror.sync(place, now=at)
    assert mirror("SELECT count(*) FROM payments") == [(0,)]


def test_today_is_never_behind_the_clock_on_the_wall():
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    while moment.year < 2029:
        day = moment.astimezone(HELSINKI).date()
        assert today_of(moment) in {day, day + datetime.timedelta(days=1)}
        moment += datetime.timedelta(minutes=30)


def test_half_months_follow_each_other_without_a_gap_over_years():
    first, last = datetime.date(2026, 1, 1), datetime.date(2029, 3, 1)
    windows = list(halves(first, last))
    assert windows[0].first == first
    assert windows[-1].last == last
    for before, after in itertools.pairwise(windows):
        assert after.first == before.last + datetime.timedelta(days=1)
    assert {window.last for window in windows} >= {datetime.date(2028, 2, 29), datetime.date(2027, 12, 31)}
    assert all((window.last - window.first).days < OVERLAP for window in windows)
