"""The rate that a service seems to bear: it follows the share of throttled calls, and finds new capacity.

The curve is that of CUBIC (RFC 9438), with three changes. It is cut by a share of throttled calls that is too
high for chance (``throttled_share``), not by single ones. It goes back to what the service really took,
measured, not to the rate at which too much was asked for. And it advances with the calls that the service
takes, not with time: nothing is learned from an idle client, and what a probe costs is a share of the calls.

Pure arithmetic over moments that the caller gives: no clock, no waiting.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from confirma_async.session.rate.throttled_share import ThrottledShare
from confirma_async.session.rate.throughput import Throughput

CUT = 0.85
"""The part of the rate that the service was found to bear which a cut leaves."""
DEEPEST_CUT = 0.5
"""The part of the present rate that a cut leaves, at least, where it is not known what the service bears."""
SLOWEST = 0.5
"""Calls per second below which the rate never falls."""
PRESUMED = 20.0
"""Calls per second that a first cut starts from at least: a quiet client knows little of the service."""
CLIMB = 1.5
"""The factor by which each accepted call raises a rate that is far below what the service bore before ..."""
CLIMB_PER_SECOND = 3.0
"""... and the factor by which the rate grows at most in a second, and once more right away: a service that
counts by the second throttles all calls until its end, and takes any rate at the beginning of the next."""
RETURN_CALLS = 130
"""Calls after which a rate is back at what the service bears: a probe beyond it has a few calls throttled,
and this many calls make them a small share."""
RETURN_SECONDS = (2.5, 7.0)
"""The least and the most seconds that this takes: many limits are counted by the second, and a slow client is
to find new capacity as soon as a fast one."""

_STEEPNESS = 20.0  # how far the rate rises in as many calls again, times the root of what the service bears:
# by 90 a second from 20, by 280 from 200. Small rates rise faster for their size: clients become equal.
_JITTER = 0.25  # the share by which returns differ: clients of one service must not probe in step
_LONGEST_CLIMB = 60.0  # seconds in which a rate climbs beyond any there is
_FREE = 50.0  # how many times what the service bore, until there is no limit again
_STEADY = 0.7  # the share of the present throughput that the mean since the last cut must reach to count
_RAMP = 1.08  # what that mean lacks, since it has the rise after the cut in it
_FLUKE = 0.25  # a share of throttled calls that is no sign of too high a rate yet, where that is bearable


class AdaptiveRate:
    """The rate at which calls may be sent: the ceiling, or less once the service throttles too many.

    Args:
        ceiling: Calls per second that are never exceeded; infinity for no ceiling.
        uniform: Returns a random number between two others.

    Attributes:
        ceiling: Calls per second that are never exceeded.
        per_second: Calls per second at present.
    """

    def __init__(
        self, ceiling: float = math.inf, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self.ceiling = ceiling
        self.per_second: float = ceiling
        self._uniform = uniform
        self._throttled_share = ThrottledShare()
        self._throughput = Throughput()
        self._borne = ceiling  # what the service is taken to bear: the plateau of the curve
        self._measured = False  # whether that was measured over a whole curve
        self._cut_at = -math.inf
        self._cut_to = ceiling
        self._taken = 0  # calls taken since the last cut
        self._steps = 0  # calls on the curve
        self._length = 1.0  # calls from its beginning to its plateau
        self._height = _STEEPNESS * math.sqrt(self._borne)

    @property
    def is_cut(self) -> bool:
        """Whether the rate is below its ceiling."""
        return self.per_second < self.ceiling

    def taken(self, started: float, now: float) -> None:
        """Take note of a call that the service took.

        Args:
            started: When it started; a call that was under way at the last cut shows the rate before that.
            now: The present moment, by the same clock.
        """
        self._throughput.taken(now)
        cut = self.per_second < self.ceiling
        if not (cut or self._throttled_share.excess) or started <= self._cut_at:
            return
        self._taken += 1
        self._throttled_share.taken(bearable=self._bearable)
        if cut:
            self._rise(now)

    def throttled(self, started: float, now: float) -> None:
        """Take note of a call that the service throttled; slow down if there are too many.

        Args:
            started: When it started.
            now: The present moment, by the same clock.
        """
        if started > self._cut_at and self._throttled_share.note_throttled():
            self._cut(now)

    @property
    def _bearable(self) -> bool:
        """Whether the rate is well below what the service was measured to bear."""
        return self._measured and self._steps < self._length / 2

    def _rise(self, now: float) -> None:
        """Raise the rate by one step of the curve: steep, flat at the service's limit, then steep again."""
        beginning = self._borne * CUT
        if self.per_second < beginning:
            highest = self._cut_to * CLIMB_PER_SECOND ** min(1.0 + now - self._cut_at, _LONGEST_CLIMB)
            self.per_second = min(beginning, self.per_second * CLIMB, highest)
            return
        self._steps += 1
        along = self._steps / self._length - 1.0  # from -1, 0 at the plateau
        height = self._height if along > 0.0 else self._borne - beginning
        self.per_second = min(self._borne + height * along**3, self.ceiling)
        if self.per_second > self._borne * _FREE and not self._throttled_share.excess and self._is_slack(now):
            self.per_second = self.ceiling

    def _is_slack(self, now: float) -> bool:
        """Say whether the client sends fewer calls than the rate allows."""
        measured = self._throughput.measured(now)
        return measured is None or measured < self.per_second / 2

    def _cut(self, now: float) -> None:
        """Lower the rate below what the service bears, as far as that is known."""
        share = self._throttled_share
        if self._bearable and share.share < _FLUKE:
            share.usual_after_all()
        before, measured = self.per_second, self._throughput.measured(now)
        if math.isinf(before):
            before = max(measured or self._throughput.at_least(now), PRESUMED)
        if measured is None:
            self._measured = False
            after = before * min(max(1.0 - share.share, DEEPEST_CUT), CUT)
            # Where nothing was taken since the last cut, it is not known what the service bears.
            borne = after / CUT if self._taken or math.isinf(self._borne) else self._borne
        else:
            borne = min(self._sustained(measured, now), before)
            borne = max(borne, before * DEEPEST_CUT)
            after = borne * CUT
        self.per_second = self._cut_to = min(max(after, SLOWEST), self.ceiling)
        self._borne = max(borne, self.per_second / CUT)
        self._begin_curve(now)

    def _sustained(self, measured: float, now: float) -> float:
        """Return the rate that the service bears in the long run, maybe less than in the last second."""
        mean = self._taken / (now - self._cut_at)
        self._measured = mean >= measured * _STEADY
        return min(measured, mean * _RAMP) if self._measured else measured

    def _begin_curve(self, now: float) -> None:
        shortest, longest = RETURN_SECONDS
        seconds = min(max(RETURN_CALLS / self._borne, shortest), longest)
        self._length = self._borne * seconds * self._uniform(1.0 - _JITTER, 1.0 + _JITTER)
        self._height = _STEEPNESS * math.sqrt(self._borne)
        self._cut_at = now
        self._taken = self._steps = 0
        self._throttled_share.forget()
        self._throughput.restart(now)
