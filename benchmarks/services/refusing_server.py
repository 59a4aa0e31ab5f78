"""A server of 5 ms that refuses a share of the requests at random: what ``X-Refuse`` of the request says.

Run as a script it prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import random

from services import raw_server

LATENCY = 0.005
BUSY = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
)


class Refusing(raw_server.ReadyAnswer):
    """Answers each request 5 ms after its last byte, and refuses some."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0

    def head_received(self, head: bytes) -> None:
        """Read how many are to be refused."""
        self._share = float(raw_server.header_of(head, b"x-refuse") or 0)

    def request_received(self) -> None:
        """Answer later."""
        answer = random.choice(BUSY) if random.random() < self._share else raw_server.ANSWER
        asyncio.get_running_loop().call_later(LATENCY, self.write, answer)


if __name__ == "__main__":
    raw_server.main(Refusing)
