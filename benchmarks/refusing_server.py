"""A server of 5 ms that refuses a share of the requests at random: what ``X-Refuse`` of the request says.

Run as a script it prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import random
from typing import cast

import raw_server

LATENCY = 0.005
BUSY = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
)


class Refusing(asyncio.Protocol):
    """Answers each request 5 ms after its last byte, and refuses some."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._share = 0.0
        self._left = 0  # bytes of the body that are still to come

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Counts bytes until the request is complete; requests come one at a time."""
        if self._left:
            self._left -= len(data)
        else:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = b""
            self._share = float(raw_server.header_of(head, b"x-refuse") or 0)
            self._left = int(raw_server.header_of(head, b"content-length") or 0) - len(body)
        if self._left <= 0:
            self._left = 0
            answer = random.choice(BUSY) if random.random() < self._share else raw_server.ANSWER
            asyncio.get_running_loop().call_later(LATENCY, self._answer, answer)

    def _answer(self, answer: bytes) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(answer)


if __name__ == "__main__":
    raw_server.main(Refusing)
