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

import asyncio
import math
import socket
import struct
import sys
from typing import TYPE_CHECKING

from confirma_async.session.waiting.deadlines import Deadlines

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

_FORM = "hh" if sys.platform == "win32" else "ii"
_THROWN_AWAY = struct.pack(_FORM, 1, 0)
"""``SO_LINGER`` with 0 seconds: what was not sent by the close is thrown away, and the host is told of it."""
_SENT = struct.pack(_FORM, 0, 0)
"""None: it is sent, and the host sees an ordinary end."""

_OPTION: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
"""Linux's, of RFC 5482; other systems deliver for a stopped process for as long as they please."""

_SHARE = 0.8
"""The share of the time left that is given: the next call, which has about as long, then needs no other."""

_LEAST = 0.75
"""The least share of the time left that an earlier request's limit must be, to be kept."""

_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_REST = 1.0
"""Seconds after an answer from which on a connection is closed as usual; the next call mostly comes before,
and need not tell the system anything then."""

_NAME = "confirma_delivery"


class Delivery:
    """What the system was told of a connection.

    It is kept with the connection: to ask the system, or to tell it again, costs every call more.

    Attributes:
        line: The socket; None where there is none of TCP.
        seconds: How long the system delivers.
        thrown_away: Whether it throws away what was not sent, once the connection is closed.
    """

    __slots__ = ("line", "seconds", "thrown_away")

    def __init__(self, protocol: ResponseHandler) -> None:
        transport = protocol.transport
        line: socket.socket | None = None if transport is None else transport.get_extra_info("socket")
        self.line = line if line is not None and line.family in _FAMILIES else None
        self.seconds: float = 0.0
        self.thrown_away: bool = False

    def limit(self, seconds: float) -> None:
        """Have the system give the connection up with its call, and throw away then what it has not sent.

        Args:
            seconds: What is left of the time of the call; endless where nobody waits for its end.

        Raises:
            OSError: the system refuses: the connection is gone.
        """
        line = self.line
        if line is None:
            return
        if not self.thrown_away:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _THROWN_AWAY)
            self.thrown_away = True
        if _LEAST * seconds <= self.seconds <= seconds:
            return
        limit = self.seconds = max(0.001, _SHARE * seconds)
        if _OPTION is not None:
            line.setsockopt(socket.IPPROTO_TCP, _OPTION, 0 if limit == math.inf else math.ceil(1000 * limit))

    def rest(self) -> None:
        """Have the connection be closed as usual: nothing of a request is on its way any more."""
        if self.line is None or not self.thrown_away:
            return
        self.thrown_away = False
        try:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _SENT)
        except OSError:  # it is closed already
            return


class Deliveries:
    """What the system was told of the connections of one transport."""

    def __init__(self) -> None:
        self._resting = Deadlines[Delivery](Delivery.rest)

    def limit(self, protocol: ResponseHandler, seconds: float) -> None:
        """Limit what is about to be written to a connection; see ``Delivery.limit``."""
        delivery: Delivery | None = getattr(protocol, _NAME, None)
        if delivery is None:
            delivery = Delivery(protocol)
            setattr(protocol, _NAME, delivery)
        self._resting.remove(delivery)
        delivery.limit(seconds)

    def rest(self, protocol: ResponseHandler, *, kept: bool) -> None:
        """Take note that an answer is complete.

        Args:
            protocol: The connection.
            kept: Whether it is kept for another request.
        """
        delivery: Delivery | None = getattr(protocol, _NAME, None)
        if delivery is None:
            return
        if kept:
            loop = asyncio.get_running_loop()
            self._resting.add(delivery, loop.time() + _REST, loop)
        else:
            delivery.rest()

    def close(self) -> None:
        """Have all connections that rest be closed as usual."""
        self._resting.expire_all()
