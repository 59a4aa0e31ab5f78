"""Drives many calls at once through one event loop, the same way for every variant."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from attrs import frozen

from confirma_async import Confirma, RateLimit
from confirma_async.contract import CREATE_INVOICE

T = TypeVar("T")
API_KEY = "benchmark-key"


@frozen
class Cost:
    """What a number of calls took."""

    calls: int
    cpu_seconds: float
    wall_seconds: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per call, of all threads of this process."""
        return self.cpu_seconds / self.calls * 1e6

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls / self.wall_seconds


async def cost_of(work: Awaitable[object], calls: int) -> Cost:
    """Measure work that makes so many calls."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await work
    return Cost(calls, time.process_time() - cpu, time.perf_counter() - wall)


async def through_workers(
    items: Iterable[T], concurrency: int, call: Callable[[T], Awaitable[object]]
) -> None:
    """Call for each item, with a fixed set of workers."""
    left = iter(items)

    async def work(left: Iterator[T]) -> None:
        for item in left:
            await call(item)

    async with asyncio.TaskGroup() as workers:
        for _ in range(concurrency):
            workers.create_task(work(left))


@contextlib.asynccontextmanager
async def bare_post(url: str) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """Yield the measure: aiohttp as it comes, posting ready bytes and reading the answer."""
    target = url + CREATE_INVOICE.path
    headers: Mapping[str, str] = {"X-Api-Key": API_KEY, "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:

        async def post(body: bytes) -> None:
            async with session.post(target, data=body, headers=headers) as answer:
                await answer.read()

        yield post


@contextlib.asynccontextmanager
async def hand_written_post(url: str) -> AsyncIterator[Callable[[Mapping[str, Any]], Awaitable[object]]]:
    """Yield what a partner would write instead of using an SDK.

    No checks, no deadline, floats for decimals.
    """
    target = url + CREATE_INVOICE.path
    headers: Mapping[str, str] = {"X-Api-Key": API_KEY}
    async with aiohttp.ClientSession() as session:

        async def post(invoice: Mapping[str, Any]) -> object:
            async with session.post(target, json=invoice, headers=headers) as answer:
                answer.raise_for_status()
                return await answer.json()

        yield post


def client(url: str, concurrency: int) -> Confirma:
    """Return the SDK's client, with the limiter as wide as the load."""
    return Confirma(API_KEY, base_url=url, rate_limit=RateLimit(concurrency=concurrency))


def peak_memory_mib() -> float:
    """Return the most resident memory that this process ever had."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage tells of a new process begins at the size of the one that started it
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
