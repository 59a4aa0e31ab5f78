"""The virtual clock."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox import VirtualClock

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_it_starts_now():
    assert abs(VirtualClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_it_stands_still():
    clock = VirtualClock(START)
    assert clock.now() == clock.now() == START


def test_it_goes_forward_as_told():
    clock = VirtualClock(START)
    clock.advance(days=1, hours=2, minutes=3, seconds=4)
    assert clock.now() == START + timedelta(days=1, hours=2, minutes=3, seconds=4)


def test_it_never_goes_back():
    with pytest.raises(ConfigurationError, match="forward only"):
        VirtualClock(START).advance(days=-1)


def test_it_ticks_when_asked_to():
    clock = VirtualClock(START, ticking=True)
    first = clock.now()
    while clock.now() == first:
        pass
    assert START <= first < clock.now() < START + timedelta(minutes=1)


def test_a_ticking_clock_can_be_advanced():
    clock = VirtualClock(START, ticking=True)
    assert clock.advance(days=30) >= START + timedelta(days=30)


def test_it_speaks_utc():
    clock = VirtualClock(datetime(2026, 3, 2, 14, 0, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == START
    assert clock.now().tzinfo is UTC


def test_a_start_without_an_offset_is_refused():
    with pytest.raises(ConfigurationError, match="offset"):
        VirtualClock(datetime(2026, 3, 2))  # noqa: DTZ001
