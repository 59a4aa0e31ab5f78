"""How long the system goes on delivering a request: no longer than its call.

What was written to a connection is the system's to deliver. It sends again and again what the other side has
not confirmed, also once the connection was closed or the process has died: for minutes, while the network is
parted or the host reads nothing. A request would then arrive long after its call was given up and looked for.
"""

from __future__ import annotations

import math
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

_OPTION: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
"""Linux's, of RFC 5482; other systems deliver for as long as they please."""

_SHARE = 0.8
"""The share of the time left that is given: the next call, which has about as long, then needs no other."""

_LEAST = 0.5
"""The least share of the time left that an earlier request's limit must be, to be kept."""

_NAME = "confirma_delivery_limit"


def limit_delivery(protocol: ResponseHandler, seconds: float) -> None:
    """Have the system give a connection up where what it sends stays unconfirmed for too long.

    Args:
        protocol: The connection, right before a request is written to it.
        seconds: What is left of the time of the call; endless where nobody waits for its end.
    """
    if _OPTION is None or seconds == math.inf:
        return
    held: Any = protocol  # the connection keeps its limit: to ask or to tell the system costs more
    limit: float = getattr(held, _NAME, math.inf)
    if _LEAST * seconds <= limit <= seconds:
        return
    limit = max(0.001, _SHARE * seconds)
    transport = protocol.transport
    line = None if transport is None else transport.get_extra_info("socket")
    if line is None or line.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    line.setsockopt(socket.IPPROTO_TCP, _OPTION, math.ceil(1000 * limit))
    setattr(held, _NAME, limit)
