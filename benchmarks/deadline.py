"""Is a call over when its time is up? Many calls at once, each of which has to wait for something else.

Where they wait, all with the same timeout:

* ``turn``: for their turn at the limiter, behind calls that get no answer;
* ``pool``: for a connection of a borrowed session that has only one;
* ``answer``: for the answer of a host that says nothing;
* ``body``: for the rest of an answer that comes a byte at a time;
* ``retries``: between attempts, since the service keeps saying 503;
* ``sleep``: in ``asyncio.sleep``, without the SDK: how late a timer is on this machine.

``late_ms`` is how far beyond its timeout the last call of a round ended, ``early_ms`` how long before it the
first one; both are the median of the rounds, since a machine that is busy elsewhere stops a whole round.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
from parts import figures

from confirma_async import CallError, Confirma, RateLimit, RetryPolicy

TARGET_MS = 50.0
CALLS = 200
PLACES = ("turn", "pool", "answer", "body", "retries", "sleep")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
WIDE = RateLimit(concurrency=CALLS)
NARROW = RateLimit(concurrency=16)


class Host(asyncio.Protocol):
    """A host that answers as the place wants it.

    Args:
        place: Where the calls wait.
    """

    def __init__(self, place: str) -> None:
        self._place = place

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._wire = cast("asyncio.Transport", transport)

    def data_received(self, _data: bytes) -> None:
        """Request are short: each comes in one piece."""
        if self._place == "retries":
            self._wire.write(BUSY)
        elif self._place == "body":
            self._wire.write(HEAD)
            self._drip()

    def _drip(self) -> None:
        if not self._wire.is_closing():
            self._wire.write(b" ")
            asyncio.get_running_loop().call_later(0.05, self._drip)


@asynccontextmanager
async def _server(place: str) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Host(place), "127.0.0.1", 0, backlog=CALLS)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _measure(place: str, timeout: float) -> tuple[float, float]:
    """Return the milliseconds by which calls ended too late, and too early."""
    if place == "sleep":
        return await _sleep(timeout)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) if place == "pool" else None
    limit = NARROW if place == "turn" else WIDE
    policy = RetryPolicy(attempts=100, base_seconds=0.05, cap_seconds=0.1, budget=1_000_000)

    async def call() -> float:
        began = time.perf_counter()
        try:
            await client.onboarding.validate_token()
        except CallError:
            return (time.perf_counter() - began - timeout) * 1000
        raise AssertionError("there is no answer to get")

    async with _server(place) as url:
        client = Confirma(
            "key", base_url=url, timeout=timeout, rate_limit=limit, retry=policy, session=session
        )
        async with client:
            late = await asyncio.gather(*(call() for _ in range(CALLS)))
        if session is not None:
            await session.close()
    return max(late), -min(late)


async def _sleep(timeout: float) -> tuple[float, float]:
    async def nap() -> float:
        began = time.perf_counter()
        await asyncio.sleep(timeout)
        return (time.perf_counter() - began - timeout) * 1000

    late = await asyncio.gather(*(nap() for _ in range(CALLS)))
    return max(late), -min(late)


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description="how well a call's deadline is kept")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    logging.getLogger("confirma_async").setLevel(logging.ERROR)  # every call fails, as it should
    rounds, timeout = (1, 0.2) if options.quick else (options.rounds, 1.0)
    late: dict[str, list[float]] = {
        name: [] for name in ("turn", "pool", "answer", "body", "retries", "sleep")
    }
    early: dict[str, list[float]] = {name: [] for name in late}
    asyncio.run(_measure("answer", 0.1))  # what is loaded and built once is no part of it
    for _ in range(rounds):
        for place, lateness in late.items():
            last, first = asyncio.run(_measure(place, timeout))
            lateness.append(last)
            early[place].append(first)
    worst = max(figures.median(each) for place, each in late.items() if place != "sleep")
    figures.report(
        {
            **figures.surroundings(),
            "rounds": rounds,
            "calls": CALLS,
            "timeout_s": timeout,
            "late_ms": {name: figures.median(each) for name, each in late.items()},
            "late_ms_highest": {name: round(max(each), 1) for name, each in late.items()},
            "early_ms": {name: figures.median(each) for name, each in early.items()},
            "target_ms": TARGET_MS,
            "met": worst <= TARGET_MS,
        }
    )


if __name__ == "__main__":
    main()
