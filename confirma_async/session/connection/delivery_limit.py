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
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

if sys.platform == "linux":
    import fcntl
    import termios

    _UNCONFIRMED, _NOT_SENT = termios.TIOCOUTQ, 0x894B  # SIOCOUTQ; SIOCOUTQNSD, which no module names
else:
    _UNCONFIRMED = _NOT_SENT = 0

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

GONE = (OSError, ValueError)
"""What a connection raises that is closed already; the latter, one of uvloop's."""

_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_NAME = "confirma_delivery_limit"


def limit_delivery(protocol: ResponseHandler, seconds: float) -> None:
    """Have the system give a connection up with its call, and throw away then what it has not sent.

    Args:
        protocol: The connection, right before a request is written to it.
        seconds: What is left of the time of the call; endless where nobody waits for its end.

    Raises:
        OSError, ValueError: the system refuses: the connection is gone.
    """
    line = _line_of(protocol)
    if line is None:
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _THROWN_AWAY)
    held: Any = protocol  # the connection keeps its limit: to ask or to tell the system costs more
    limit: float = getattr(held, _NAME, 0.0)
    if _LEAST * seconds <= limit <= seconds:
        return
    limit = max(0.001, _SHARE * seconds)
    if _OPTION is not None:
        line.setsockopt(socket.IPPROTO_TCP, _OPTION, 0 if limit == math.inf else math.ceil(1000 * limit))
    setattr(held, _NAME, limit)


def end_limit(protocol: ResponseHandler) -> None:
    """Have the connection be closed as usual from now on: nothing of the request is on its way any more."""
    line = _line_of(protocol)
    if line is not None:
        with contextlib.suppress(*GONE):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _SENT)


def undelivered(protocol: ResponseHandler) -> int:
    """Return the bytes of a request that the host has not confirmed: the program's and the system's.

    Where the system does not tell, these are the program's alone.
    """
    return _unsent_by_program(protocol) + _asked(protocol, _UNCONFIRMED)


def unsent(protocol: ResponseHandler) -> int:
    """Return the bytes of a request that have not left the system: those never arrive once it is aborted."""
    return _unsent_by_program(protocol) + _asked(protocol, _NOT_SENT)


def _unsent_by_program(protocol: ResponseHandler) -> int:
    transport = protocol.transport
    return 0 if transport is None else transport.get_write_buffer_size()


def _asked(protocol: ResponseHandler, question: int) -> int:
    """Return what Linux says of a connection's queue (tcp(7)); 0 on other systems."""
    if sys.platform != "linux":
        return 0
    line = _line_of(protocol)
    if line is None:
        return 0
    try:
        return int.from_bytes(fcntl.ioctl(line.fileno(), question, b"\0\0\0\0"), sys.byteorder)
    except GONE:
        return 0


def _line_of(protocol: ResponseHandler) -> socket.socket | None:
    transport = protocol.transport
    line: socket.socket | None = None if transport is None else transport.get_extra_info("socket")
    return line if line is not None and line.family in _FAMILIES else None
