"""Finds out whether a service throttles more than its usual share of calls, from many calls.

One throttled call says nothing. Each counts one, each call forgives the share that is tolerated, and what is
left is the excess (a CUSUM chart): a few at random melt away in it, a share that has risen adds up within a
few calls. What is tolerated follows the share that the service throttles even where it is known to bear the
rate: a gateway that drops one call in twenty does so at any rate, and going slower would not help.
"""

from __future__ import annotations

PRESUMED_SHARE = 0.05
"""The share of throttled calls that counts as usual while nothing is known."""
HIGHEST_SHARE = 0.15
"""The highest share that counts as usual."""

_PRESUMED_CALLS = 40.0  # calls that the presumption weighs as much as
_REMEMBERED_CALLS = 200.0  # calls that the usual share is an average of
_MARGIN = 0.04  # tolerated in any case ...
_TIMES = 2.0  # ... and this many times the usual share
_ENOUGH = 1.5  # throttled calls beyond the tolerated share that are too many, where none are usual ...
_MORE = 50.0  # ... and this many more per usual share, up to the presumed one: chance is coarser there


class ThrottledShare:
    """Adds up throttled and accepted calls, and says when more are throttled than chance explains.

    Attributes:
        excess: Throttled calls beyond the tolerated share; 0 where there are none beyond it.
        calls: The number of calls since the excess was last 0.
        throttled: The number of throttled calls among these.
    """

    __slots__ = ("_limit", "_tolerated", "_usual_calls", "_usual_throttled", "calls", "excess", "throttled")

    def __init__(self) -> None:
        self.excess: float = 0.0
        self.calls: int = 0
        self.throttled: int = 0
        self._usual_calls = _PRESUMED_CALLS
        self._usual_throttled = _PRESUMED_CALLS * PRESUMED_SHARE
        self._adjust()

    @property
    def usual(self) -> float:
        """The share that the service throttles at a rate that it is known to bear."""
        return min(self._usual_throttled / self._usual_calls, HIGHEST_SHARE)

    @property
    def share(self) -> float:
        """The share of throttled calls since the excess was last 0."""
        return self.throttled / self.calls if self.calls else 0.0

    def taken(self, *, bearable: bool) -> None:
        """Take note of a call that the service took.

        Args:
            bearable: Whether the rate is one that the service is known to bear, so that throttled calls are
                the usual ones.
        """
        if self.excess <= 0.0:
            if bearable:
                self._learn(1, 0)
            return
        self.calls += 1
        self.excess -= self._tolerated
        if self.excess <= 0.0:
            if bearable:
                self._learn(self.calls, self.throttled)
            self.forget()

    def note_throttled(self) -> bool:
        """Take note of a call that the service throttled; return whether there are too many of them."""
        self.calls += 1
        self.throttled += 1
        self.excess += 1.0 - self._tolerated
        return self.excess >= self._limit

    def usual_after_all(self) -> None:
        """Count the calls since the excess was last 0 as usual."""
        self._learn(self.calls, self.throttled)

    def forget(self) -> None:
        """Start to count anew."""
        self.excess, self.calls, self.throttled = 0.0, 0, 0

    def _learn(self, calls: int, throttled: int) -> None:
        kept = max(0.0, 1.0 - calls / _REMEMBERED_CALLS)
        self._usual_calls = self._usual_calls * kept + calls
        self._usual_throttled = self._usual_throttled * kept + throttled
        self._adjust()

    def _adjust(self) -> None:
        usual = self.usual
        self._tolerated = _MARGIN + _TIMES * usual
        self._limit = _ENOUGH + _MORE * min(usual, PRESUMED_SHARE)
