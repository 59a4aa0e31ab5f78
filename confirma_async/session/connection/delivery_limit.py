"""Limits how long the operating system goes on delivering a request: no longer than its call.

The system delivers what was written to a connection. It goes on after the connection was closed or the
process has died, even if the host reads only a little now and then, or the network is parted for minutes. A
request could then arrive long after its call was given up and looked up. So the system is asked:

* to throw away unsent bytes if the connection is closed before the answer is complete, even by the end of the
  process;
* to close the connection itself if nothing is confirmed until the call ends: a process that stands still
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
"""``SO_LINGER`` of 0 seconds: the close throws unsent bytes away, and resets the connection."""
_SENT = struct.pack(_FORM, 0, 0)
"""No ``SO_LINGER``: what waits is still sent, and the host sees an ordinary end."""

_OPTION: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
"""The TCP user timeout (RFC 5482), in Linux only. Other systems set no such limit for a stopped process."""

_SHARE = 0.8
"""The share of the time left that the limit gets, so that a next call of the same length need not change
it."""

_LEAST = 0.75
"""The share of the time left down to which the limit of an earlier request is kept."""

GONE = (OSError, ValueError)
"""The errors of a connection that is closed already; uvloop raises the second."""

_NONE = bytes(4)
_FAMILIES = (socket.AF_INET, socket.AF_INET6)

_CONFIRMED = slice(120, 128)
"""The place in Linux's ``struct tcp_info`` of the number of bytes that the host has confirmed so far."""


class SystemDelivery:
    """Sets and reads how the operating system delivers a connection.

    Args:
        line: The socket of the connection; None where it is not accessible.
    """

    __slots__ = ("_can_ask", "_is_tcp", "_limit", "_line", "_poll")

    def __init__(self, line: socket.socket | None) -> None:
        self._line = line
        self._is_tcp = line is not None and line.family in _FAMILIES  # to ask for the family takes its time
        self._can_ask = self._is_tcp and sys.platform == "linux"
        self._limit = 0.0
        self._poll: Callable[[int], Sequence[object]] | None = None

    def limit(self, seconds: float) -> None:
        """Have the system close the connection when its call ends, and drop the bytes that it has not sent.

        Args:
            seconds: The rest of the time of the call, right before a request is written; infinity for a call
                without a deadline.

        Raises:
            OSError, ValueError: the connection has ended.
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
        """Lift the limit, so that the connection ends as usual: no byte of a request is under way."""
        if self._line is not None and self._limit:
            self._limit = 0.0
            with contextlib.suppress(*GONE):
                self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _SENT)

    def has_unconfirmed(self) -> bool:
        """Say whether there are bytes that the host has not confirmed, as far as the system says (tcp(7)).

        Ask while the connection is open. The system goes on sending these bytes.
        """
        if not self._can_ask or self._line is None:
            return False
        try:
            return fcntl.ioctl(self._line.fileno(), _UNCONFIRMED, _NONE) != _NONE
        except GONE:
            return False

    def handed_over(self) -> int | None:
        """Return how many bytes the program has handed to the system so far; None where it does not say."""
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
        """Say whether an open connection holds bytes, or its end, that the event loop has not read yet."""
        if self._line is None:
            return False
        if sys.platform == "win32":
            return bool(select.select((self._line.fileno(),), (), (), 0)[0])
        if self._poll is None:
            poll = select.poll()
            poll.register(self._line.fileno(), select.POLLIN)
            self._poll = poll.poll
        return bool(self._poll(0))
