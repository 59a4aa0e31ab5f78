"""A service that takes a tenth of a second for each answer, and notes when and whence requests come.

For each line of standard input it writes one of JSON: when each request so far came, and from which port.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time

from services.raw_server import ReadyAnswer

LATENCY = 0.1
"""Seconds that an answer takes."""

_arrivals: list[tuple[float, int]] = []


class SlowAnswer(ReadyAnswer):
    """Answers each request after a while, and notes when it came, and from which port."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back, and whose it is."""
        super().connection_made(transport)
        self._port: int = transport.get_extra_info("peername")[1]

    def request_received(self) -> None:
        """Answer later."""
        _arrivals.append((time.monotonic(), self._port))
        asyncio.get_running_loop().call_later(LATENCY, super().request_received)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(SlowAnswer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()

    def answer() -> None:
        for _ in sys.stdin:
            print(json.dumps(_arrivals), flush=True)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=answer, daemon=True).start()
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
