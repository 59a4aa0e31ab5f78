"""How long the system goes on delivering a request: no longer than its call.

What was written to a connection is the system's to deliver. It goes on after the connection was closed or the
process has died, for as long as the host reads a little now and then, or the network is parted for minutes.
A request would then arrive long after its call was given up and looked for. So two things are asked of it:

* to throw away what waits to be sent, once the connection is closed, also by the end of the process;
* to close the connection itself where nothing is confirmed until the call ends: a process that stands still
  closes none.
"""

from __future__ import annotations

import math
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

_AT_ONCE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""Waiting 0 seconds at the close for what was not sent (``SO_LINGER``): it is thrown away."""

_OPTION: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
"""Linux's, of RFC 5482; other systems deliver for a stopped process for as long as they please."""

_SHARE = 0.8
"""The share of the time left that is given: the next call, which has about as long, then needs no other."""

_LEAST = 0.75
"""The least share of the time left that an earlier request's limit must be, to be kept."""

_NAME = "confirma_delivery_limit"


def limit_delivery(protocol: ResponseHandler, seconds: float) -> None:
    """Have the system give a connection up with its call, and throw away then what it has not sent.

    Args:
        protocol: The connection, right before a request is written to it.
        seconds: What is left of the time of the call; endless where nobody waits for its end.

    Raises:
        OSError: the system refuses: the connection is gone.
    """
    held: Any = protocol  # the connection keeps its limit: to ask or to tell the system costs more
    limit: float = getattr(held, _NAME, 0.0)
    if _LEAST * seconds <= limit <= seconds:
        return
    transport = protocol.transport
    line = None if transport is None else transport.get_extra_info("socket")
    if line is None or line.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    if not limit:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    limit = max(0.001, _SHARE * seconds)
    if _OPTION is not None:
        line.setsockopt(socket.IPPROTO_TCP, _OPTION, 0 if limit == math.inf else math.ceil(1000 * limit))
    setattr(held, _NAME, limit)
