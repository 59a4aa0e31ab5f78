"""How long the system goes on delivering a request: no longer than its call.

What was written to a connection is the system's to deliver. It goes on after the connection was closed or the
process has died, for as long as the host reads a little now and then, or the network is parted for minutes.
A request would then arrive long after its call was given up and looked for. So two things are asked of it:

* to throw away what waits to be sent, where the connection is closed, also by the end of the process, before
  the answer is complete;
* to close the connection itself where nothing is confirmed until the call ends: a process that stands still
  closes none.
"""

from __future__ import annotations

import contextlib
import math
import select
import socket
import struct
import sys
from collections.abc import Callable, Sequence

if sys.platform == "linux":
    import fcntl
    import termios

    _UNCONFIRMED = termios.TIOCOUTQ  # SIOCOUTQ
else:
    _UNCONFIRMED = 0

_FORM = "hh" if sys.platform == "win32" else "ii"
_THROWN_AWAY = struct.pack(_FORM, 1, 0)
"""``SO_LINGER`` with 0 seconds: what was not sent by the close is thrown away, and the host is told of it."""
_SENT = struct.pack(_FORM, 0, 0)
"""No ``SO_LINGER``: what waits is still sent, and the host sees an ordinary end."""

_OPTION: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
"""Linux's, of RFC 5482; other systems deliver for a stopped process for as long as they please."""

_SHARE = 0.8
"""The share of the time left that is given: the next call, which has about as long, then needs no other."""

_LEAST = 0.75
"""The least share of the time left that an earlier request's limit must be, to be kept."""

GONE = (OSError, ValueError)
"""What a connection raises that is closed already; the latter, one of uvloop's."""

_NONE = bytes(4)
_FAMILIES = (socket.AF_INET, socket.AF_INET6)

_CONFIRMED = slice(120, 128)
"""Where Linux's ``struct tcp_info`` has the bytes that the host has confirmed of all that was ever sent."""


class SystemDelivery:
    """What the system has of a connection: the requests that it goes on delivering, and bytes to be read.

    Args:
        line: The connection's socket; None where there is none that can be asked.
    """

    __slots__ = ("_can_ask", "_is_tcp", "_limit", "_line", "_poll")

    def __init__(self, line: socket.socket | None) -> None:
        self._line = line
        self._is_tcp = line is not None and line.family in _FAMILIES  # to ask for the family takes its time
        self._can_ask = self._is_tcp and sys.platform == "linux"
        self._limit = 0.0
        self._poll: Callable[[int], Sequence[object]] | None = None

    def limit(self, seconds: float) -> None:
        """Make the system close the connection when its call ends, and drop the bytes that it has not sent.

        Args:
            seconds: What is left of the time of the call, right before a request is written; endless where
                nobody waits for its end.

        Raises:
            OSError, ValueError: the system refuses: the connection is gone.
        """
        if _LEAST * seconds <= self._limit <= seconds:  # to tell the system of another limit costs more
            return
        line = self._line
        if line is None or not self._is_tcp:
            return
        if not self._limit:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _THROWN_AWAY)
        limit = max(0.001, _SHARE * seconds)
        if _OPTION is not None:
            milliseconds = 0 if limit == math.inf else math.ceil(1000 * limit)
            line.setsockopt(socket.IPPROTO_TCP, _OPTION, milliseconds)
        self._limit = limit

    def end_limit(self) -> None:
        """Let the connection be closed as usual: no byte of a request is under way."""
        if self._line is not None and self._limit:
            self._limit = 0.0
            with contextlib.suppress(*GONE):
                self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _SENT)

    def has_unconfirmed(self) -> bool:
        """Say whether there are bytes that the host has not confirmed, as far as the system tells (tcp(7)).

        Where it is asked, the connection is not closed yet: the system goes on sending them meanwhile.
        """
        if not self._can_ask or self._line is None:
            return False
        try:
            return fcntl.ioctl(self._line.fileno(), _UNCONFIRMED, _NONE) != _NONE
        except GONE:
            return False

    def handed_over(self) -> int | None:
        """Return how many bytes the program has ever handed to the system; None where it does not tell."""
        if not self._can_ask or self._line is None:
            return None
        confirmed, unconfirmed, before = b"", b"", None
        try:
            while confirmed != before:  # what is confirmed between two questions would count twice, or never
                before = confirmed
                unconfirmed = fcntl.ioctl(self._line.fileno(), _UNCONFIRMED, _NONE)
                info = self._line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _CONFIRMED.stop)
                confirmed = info[_CONFIRMED]
        except GONE:
            return None
        if not any(confirmed):  # nobody counts them: old kernels, and some that stand in for Linux's
            return None
        return sum(int.from_bytes(number, sys.byteorder) for number in (confirmed, unconfirmed))

    def is_readable(self) -> bool:
        """Say whether it holds bytes, or its end, that the loop has not read yet; it is not closed."""
        if self._line is None:
            return False
        if sys.platform == "win32":
            return bool(select.select((self._line.fileno(),), (), (), 0)[0])
        if self._poll is None:
            poll = select.poll()
            poll.register(self._line.fileno(), select.POLLIN)
            self._poll = poll.poll
        return bool(self._poll(0))
