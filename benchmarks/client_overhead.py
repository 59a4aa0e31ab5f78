"""What does the SDK add to the CPU cost of one request?

Posts a ten-row invoice to a server in another process that does next to nothing, in turns:

* ``by_hand``: what a partner would write instead: aiohttp with ``json=`` and a dict, no checks, no deadline;
* ``bare``: aiohttp as it comes, posting bytes that are ready, and reading the answer;
* ``create``: ``confirma.invoices.create(invoice)``: encode, validate, limiter, pipeline, decode;
* ``create_unchecked``: the same with ``validate=False``;
* ``openai`` and ``stripe``, where they are installed: the libraries of those names, posting the same invoice
  as an object that is ready, without checks and with floats for decimals.

Read ``ratio``, the median over the rounds of ``create`` over each of the others: absolute figures move with
the machine, ratios hardly do. The targets hold at the widest concurrency, for both kinds of invoice:
``complete``, with cents and without nulls, and ``often_sent``, with whole amounts, explicit nulls in four
objects and a key that the contract does not know. 64 different invoices of a kind are sent over and over; no
encoded bytes are reused.
``breakdown_us`` says what parts of the SDK's work cost by themselves. The checks of identifiers and addresses
remember what they have seen, as they do for the seller in a real job; ``validate_new_buyer`` is the check of
an invoice whose buyer was never seen before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import cycle, islice
from typing import Any, TypeAlias

from parts.drive import Cost, bare_post, client, cost_of, hand_written_post, through_workers
from parts.figures import median, ratio, report, rounds_of, surroundings
from parts.rivals import rival_posts, rival_versions
from parts.sample import as_often_sent, for_new_buyer, numbered_invoices, sample_invoice
from services.raw_server import RECEIPT, running_server

from confirma_async.converters import Converter
from confirma_async.schemas import InvoiceReceipt, SalesInvoiceRequest
from confirma_async.validation import check

TARGETS = {"by_hand": 1.2, "bare": 1.7}
KINDS: Mapping[str, Callable[[], SalesInvoiceRequest]] = {
    "complete": sample_invoice,
    "often_sent": lambda: as_often_sent(sample_invoice()),
}
CONCURRENCIES = (1, 16, 64)
DISTINCT = 64
"""Invoices that are sent over and over."""

Variant: TypeAlias = tuple[Callable[[Any], Awaitable[object]], Sequence[object], int]
"""What is called, with what in turn, and how many times a round."""


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="CPU of invoices.create over bare aiohttp")
    parser.add_argument("--rounds", type=int, default=9, help="rounds per loop and concurrency")
    parser.add_argument("--calls", type=int, default=2000, help="calls per variant and round")
    parser.add_argument(
        "--concurrency",
        type=int,
        nargs="+",
        default=CONCURRENCIES,
        help="calls at once; several are compared",
    )
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    rounds, calls = (2, 64) if options.quick else (options.rounds, options.calls)
    concurrencies: Sequence[int] = options.concurrency
    with running_server() as url:
        loops = {
            name: _on_loop(factory, partial(_measure, url, rounds, calls), concurrencies)
            for name, factory in _loop_factories().items()
        }
    widest = [kinds[kind][str(max(concurrencies))]["ratio"] for kinds in loops.values() for kind in KINDS]
    report(
        {
            **surroundings(),
            "rounds": rounds,
            "calls": calls,
            "rivals": rival_versions(),
            "loops": loops,
            "breakdown_us": _breakdown(rounds, calls),
            "target": TARGETS,
            "target_concurrency": max(concurrencies),
            "met": {
                name: max(ratios[name]["median"] for ratios in widest) <= target
                for name, target in TARGETS.items()
            },
        }
    )


def _loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    try:
        import uvloop
    except ImportError:
        pass
    else:
        factories["uvloop"] = uvloop.new_event_loop
    return factories


def _on_loop(
    factory: Callable[[], asyncio.AbstractEventLoop],
    measure: Callable[[SalesInvoiceRequest, int], Awaitable[dict[str, Any]]],
    concurrencies: Sequence[int],
) -> dict[str, Any]:
    async def each() -> dict[str, Any]:
        return {
            kind: {str(concurrency): await measure(make(), concurrency) for concurrency in concurrencies}
            for kind, make in KINDS.items()
        }

    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(each())


async def _measure(
    url: str, rounds: int, calls: int, base: SalesInvoiceRequest, concurrency: int
) -> dict[str, Any]:
    invoices = list(numbered_invoices(DISTINCT, base))
    async with (
        bare_post(url) as post,
        hand_written_post(url) as by_hand,
        client(url, concurrency) as confirma,
        rival_posts(url) as rivals,
    ):
        create = confirma.invoices.create
        bodies = [confirma.converter.dumps(invoice) for invoice in invoices]
        objects = [json.loads(body) for body in bodies]
        variants: dict[str, Variant] = {
            "by_hand": (by_hand, objects, calls),
            "bare": (post, bodies, calls),
            "create": (create, invoices, calls),
            "create_unchecked": (partial(create, validate=False), invoices, calls),
            **{name: (rival, objects, max(calls // 10, concurrency)) for name, rival in rivals.items()},
        }
        costs: dict[str, list[Cost]] = {name: [] for name in variants}
        for turn in range(rounds + 1):
            for name, (call, items, times) in variants.items():
                work = through_workers(islice(cycle(items), times), concurrency, call)
                cost = await cost_of(work, times)
                if turn:  # before, connections were opened and functions made
                    costs[name].append(cost)
    cpu = {name: [cost.cpu_us for cost in taken] for name, taken in costs.items()}
    others = [name for name in variants if not name.startswith("create")]
    return {
        "cpu_us": {name: median(taken) for name, taken in cpu.items()},
        "rate": {name: round(median([cost.rate for cost in taken])) for name, taken in costs.items()},
        "ratio": {name: ratio(cpu["create"], cpu[name]) for name in others},
        "ratio_unchecked": {name: ratio(cpu["create_unchecked"], cpu[name]) for name in others},
    }


def _breakdown(rounds: int, calls: int) -> dict[str, float]:
    converter, invoice = Converter(), sample_invoice()
    strangers = (for_new_buyer(invoice, serial) for serial in range(rounds * calls))
    unseen = iter(list(strangers))
    taken = rounds_of(
        {
            "encode": lambda: converter.dumps(invoice),
            "validate": lambda: check(invoice),
            "validate_new_buyer": lambda: check(next(unseen)),
            "decode": lambda: converter.loads(RECEIPT, InvoiceReceipt),
        },
        rounds=rounds,
        calls=calls,
    )
    return {name: median(values) for name, values in taken.items()}


if __name__ == "__main__":
    main()
