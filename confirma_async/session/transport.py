"""The seam between the SDK and the network: one request, one response, one method."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

from attrs import define, field

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of an answer that are read at most, unless said otherwise."""


@define
class Request:
    """What goes out: ready bytes, nothing left to decide. Made once, and not changed.

    Attributes:
        method: The HTTP method.
        url: The full URL with its query; never shown in a repr, for that of a document may hold credentials.
        headers: All headers, the API key among them; never shown in a repr either.
        body: The encoded body, or None.
        timeout: Seconds that the whole exchange may take, connecting included.
        limit: Bytes of the answer that are read at most; None for the transport's own limit.
        public_only: Whether it may go to the public internet alone: a connection to this machine or into a
            private network is not to be made, whatever the name of the host stands for.
        not_after: The time of the loop from which on its first byte must not leave, however long the process
            stood still meanwhile: by then others may have taken over what it is about.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    timeout: float
    limit: int | None = None
    public_only: bool = False
    not_after: float = math.inf


@define
class Response:
    """What came back. Header names are looked up case-insensitively. Not changed either.

    Attributes:
        status: The HTTP status.
        headers: All headers; never shown in a repr, for where a redirect leads to may hold credentials.
        body: The body, read to its end unless it was too long.
        cut_off: Whether the body was longer than the transport reads, and its rest was left unread.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    cut_off: bool = False


class Transport(Protocol):
    """Sends one request over the network. Nothing else in the SDK does I/O to the service."""

    async def send(self, request: Request) -> Response:
        """Send a request once and read the answer. It neither repeats a request nor follows a redirect.

        Raises:
            TransportError: no complete answer came; its phase says whether anything may have been sent.
                When in doubt it says NO_REPLY.
        """
        ...

    async def close(self) -> None:
        """Release what the transport itself opened. Closing twice is fine."""
        ...
