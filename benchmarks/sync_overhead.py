"""What does a blocking call cost?

Posts a ten-row invoice to a server in another process that does next to nothing, from 1 thread and from 16,
in turns:

* ``requests`` and ``httpx``: posting bytes that are ready, over a session that keeps its connections;
* ``create``: ``confirma_sync``'s ``invoices.create(invoice)``: encode, validate, limiter, pipeline, decode,
  and the way to the loop and back;
* ``create_unchecked``: the same with ``validate=False``;
* ``bare``: aiohttp posting the ready bytes through the same portal.

Read ``wall_ratio``, the median over the rounds of ``create`` over ``requests``. ``scaling`` says how many
times the calls of one thread 16 threads make in the same time, with one interpreter lock between them.
``portal_us`` is what the way to the loop and back costs when nothing is done there: the SDK's, beside those
of asyncio and anyio.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import cycle, islice
from typing import Any

import aiohttp
import httpx
import requests
from anyio.from_thread import start_blocking_portal
from parts.drive import API_KEY, Cost
from parts.figures import median, ratio, report, surroundings
from parts.sample import numbered_invoices
from requests.adapters import HTTPAdapter
from services.raw_server import running_server

from confirma_async.contract import CREATE_INVOICE
from confirma_sync import Confirma, RateLimit

TARGET = 0.85
"""Of the wall time of ``requests``, at one thread."""
THREADS = (1, 16)
DISTINCT = 64
"""Invoices that are sent over and over."""

HEADERS = {"X-Api-Key": API_KEY, "Content-Type": "application/json"}


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="Blocking invoices.create over requests and httpx")
    parser.add_argument("--rounds", type=int, default=9, help="rounds per number of threads")
    parser.add_argument("--calls", type=int, default=2000, help="calls per variant and round")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    rounds, calls = (2, 64) if options.quick else (options.rounds, options.calls)
    with running_server() as url:
        costs = {threads: _measure(url, rounds, calls, threads) for threads in THREADS}
        portal = _portal(url, rounds, calls)
    one, many = (costs[threads] for threads in THREADS)
    figures = {str(threads): _figures(taken) for threads, taken in costs.items()}
    report(
        {
            **surroundings(),
            "rounds": rounds,
            "calls": calls,
            "threads": figures,
            "scaling": {name: ratio(_wall(one[name]), _wall(many[name])) for name in one},
            "portal_us": portal,
            "target": TARGET,
            "met": figures[str(THREADS[0])]["wall_ratio"]["requests"]["median"] <= TARGET,
        }
    )


def _measure(url: str, rounds: int, calls: int, threads: int) -> dict[str, list[Cost]]:
    invoices = list(numbered_invoices(DISTINCT))
    target = url + CREATE_INVOICE.path
    with ExitStack() as stack:
        confirma = stack.enter_context(_client(url, threads))
        bodies = [confirma.converter.dumps(invoice) for invoice in invoices]
        create = confirma.invoices.create
        variants: dict[str, tuple[Callable[[Any], object], Sequence[object]]] = {
            "requests": (stack.enter_context(_requests_post(target, threads)), bodies),
            "httpx": (stack.enter_context(_httpx_post(target, threads)), bodies),
            "bare": (stack.enter_context(_bare_post(confirma, target, threads)), bodies),
            "create": (create, invoices),
            "create_unchecked": (partial(create, validate=False), invoices),
        }
        costs: dict[str, list[Cost]] = {name: [] for name in variants}
        for round_ in range(rounds + 1):
            for name, (call, items) in variants.items():
                cost = _cost_of(call, list(islice(cycle(items), calls)), threads)
                if round_:  # before, connections were opened and functions made
                    costs[name].append(cost)
    return costs


def _cost_of(call: Callable[[Any], object], items: Sequence[object], threads: int) -> Cost:
    """Measure a call for each item, from a fixed set of threads."""
    left = iter(items)  # a list's iterator gives each item to one thread
    ready, go = threading.Barrier(threads + 1), threading.Event()

    def work(left: Iterator[object]) -> None:
        ready.wait()
        go.wait()
        for item in left:
            call(item)

    workers = [threading.Thread(target=work, args=(left,)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    return Cost(len(items), time.process_time() - cpu, time.perf_counter() - wall)


def _client(url: str, threads: int) -> Confirma:
    return Confirma(API_KEY, base_url=url, rate_limit=RateLimit(concurrency=threads))


@contextmanager
def _requests_post(target: str, threads: int) -> Iterator[Callable[[bytes], object]]:
    with requests.Session() as session:
        session.trust_env = False  # else it looks for proxies at every request
        session.mount("http://", HTTPAdapter(pool_maxsize=threads))
        session.headers.update(HEADERS)
        yield lambda body: session.post(target, data=body, allow_redirects=False).content


@contextmanager
def _httpx_post(target: str, threads: int) -> Iterator[Callable[[bytes], object]]:
    limits = httpx.Limits(max_connections=threads, max_keepalive_connections=threads)
    with httpx.Client(headers=HEADERS, limits=limits, trust_env=False) as client:
        yield lambda body: client.post(target, content=body).content


@contextmanager
def _bare_post(confirma: Confirma, target: str, threads: int) -> Iterator[Callable[[bytes], object]]:
    async def opened() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=threads)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    session = confirma.portal.run(opened)

    async def post(body: bytes) -> bytes:
        async with session.post(target, data=body, headers=HEADERS, allow_redirects=False) as answer:
            return await answer.read()

    yield lambda body: confirma.portal.run(partial(post, body))
    confirma.portal.run(session.close)


def _portal(url: str, rounds: int, calls: int) -> dict[str, Any]:
    """Return wall microseconds of the way to the loop and back, by how it is gone."""

    async def nothing() -> None:
        return None

    async def own_loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    with _client(url, 1) as confirma, start_blocking_portal() as anyio_portal:
        loop = confirma.portal.run(own_loop)
        ways: dict[str, Callable[[object], object]] = {
            "confirma_sync": lambda _: confirma.portal.run(nothing),
            "run_coroutine_threadsafe": lambda _: asyncio.run_coroutine_threadsafe(nothing(), loop).result(),
            "anyio_portal_call": lambda _: anyio_portal.call(nothing),
        }
        taken: dict[str, dict[str, float]] = {}
        for threads, (name, way) in itertools.product(THREADS, ways.items()):
            costs = [_cost_of(way, [None] * calls, threads) for _ in range(rounds)]
            taken.setdefault(name, {})[str(threads)] = median(_wall(costs))
    return taken


def _wall(costs: Sequence[Cost]) -> list[float]:
    return [cost.wall_seconds / cost.calls * 1e6 for cost in costs]


def _figures(costs: dict[str, list[Cost]]) -> dict[str, Any]:
    cpu = {name: [cost.cpu_us for cost in taken] for name, taken in costs.items()}
    wall = {name: _wall(taken) for name, taken in costs.items()}
    rivals = ("requests", "httpx")
    return {
        "wall_us": {name: median(taken) for name, taken in wall.items()},
        "cpu_us": {name: median(taken) for name, taken in cpu.items()},
        "wall_ratio": {rival: ratio(wall["create"], wall[rival]) for rival in rivals},
        "cpu_ratio": {rival: ratio(cpu["create"], cpu[rival]) for rival in rivals},
    }


if __name__ == "__main__":
    main()
