"""A service that takes a tenth of a second for each answer, and prints how many it took in each second.

It writes a line of JSON for each request that standard input asks for: the moments of all requests so far.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time

from parts.raw_server import ReadyAnswer

LATENCY = 0.1
"""Seconds that an answer takes."""

_moments: list[float] = []


class SlowAnswer(ReadyAnswer):
    """Answers each request after a while, and notes when it came."""

    def request_received(self) -> None:
        """Answer later."""
        _moments.append(time.monotonic())
        asyncio.get_running_loop().call_later(LATENCY, super().request_received)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(SlowAnswer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()

    def answer() -> None:
        for _ in sys.stdin:
            print(json.dumps(_moments), flush=True)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=answer, daemon=True).start()
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
