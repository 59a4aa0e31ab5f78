"""The transport protocol: sends one request, and returns one response."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

from attrs import define, field

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of an answer that are read at most, unless set otherwise."""


@define
class Request:
    """A request in its final form. It is made once, and not changed.

    Attributes:
        method: The HTTP method, in capitals: ``GET``.
        url: The full URL with its query; never shown in a repr, for that of a document may hold credentials.
        headers: All headers, the API key among them; never shown in a repr either.
        body: The encoded body, or None.
        timeout: Seconds for the whole exchange, with the time to connect.
        limit_bytes: Bytes of the answer that are read at most; None for the transport's own limit.
        public_only: Whether the request may go to the public internet only. The transport then makes no
            connection to this machine or into a private network, whatever the host's name resolves to.
        not_after: The loop time from which the first byte must not leave, even if the process was stopped
            meanwhile: another process may then have taken over the item. None for no such time.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    timeout: float
    limit_bytes: int | None = None
    public_only: bool = False
    not_after: float = math.inf


@define
class Response:
    """A response. Header names are looked up case-insensitively. It is not changed.

    Attributes:
        status: The HTTP status.
        headers: All headers; never shown in a repr, because the target of a redirect may hold credentials.
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
            TransportError: no complete answer came. Its phase says whether anything may have been sent; it is
                NO_REPLY in case of doubt.
        """
        ...

    async def close(self) -> None:
        """Close the connections that the transport itself opened. Closing twice is fine."""
        ...
