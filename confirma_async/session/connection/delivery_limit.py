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
_NAME = "confirma_delivery_limit"


def limit_delivery(protocol: ResponseHandler, seconds: float) -> None:
    """Have the system give a connection up with its call, and throw away then what it has not sent.

    Args:
        protocol: The connection, right before a request is written to it.
        seconds: What is left of the time of the call; endless where nobody waits for its end.

    Raises:
        OSError: the system refuses: the connection is gone.
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
        with contextlib.suppress(OSError):  # it is closed already
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _SENT)


def _line_of(protocol: ResponseHandler) -> socket.socket | None:
    transport = protocol.transport
    line: socket.socket | None = None if transport is None else transport.get_extra_info("socket")
    return line if line is not None and line.family in _FAMILIES else None
