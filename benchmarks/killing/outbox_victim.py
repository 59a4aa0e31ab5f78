"""A service that gives its writes to an outbox and may kill itself at a named step, for ``kill_outbox.py``.

It gives every write of its plan, from many tasks at once, as a service does that does not know what became of
them before. In the end it looks up what is unknown, and prints what it was told of each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
from collections.abc import Generator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from killing.victim import DyingTransport, Fate
from parts.sample import sample_invoice

from confirma_async import Confirma, RateLimit, RetryPolicy, WriteOutcome
from confirma_async.bulk import Journal
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.outbox import Outbox
from confirma_async.schemas import AccountingPayment, DirectPayment, Ledger, LedgerRow

STEPS = (
    "commit not durable",
    "commit durable",
    "before the first byte",
    "answer not read",
)
"""Places where dying could leave something half said. Every write of an outbox passes three commits."""

TASKS = 24

FIRST = 1000
"""The number of the invoice whose case the payments are for."""


class DyingJournal:
    """A journal whose owner may die around every commit; the rest is the journal's own."""

    def __init__(self, inner: Journal, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    if TYPE_CHECKING:  # everything else
        name: str
    else:

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Commit, or die before or after."""
        with self._inner.transaction():
            yield
            self._fate.meet("commit not durable")
        self._fate.meet("commit durable")


def ledger(identifier: str) -> Ledger:
    """Make a ledger that balances."""
    rows = [("3000", Decimal("-10.00")), ("1700", Decimal("10.00"))]
    return Ledger(
        ledger_identifier=identifier,
        ledger_rows=[LedgerRow(account_number=n, amount=amount, net_amount=amount) for n, amount in rows],
    )


async def give(outbox: Outbox, operation: str, number: int) -> WriteOutcome[Any]:
    """Give one write: the one of a number is always the same."""
    key = f"{operation} {number}"
    match operation:
        case "invoices.create":
            return await outbox.invoices.create(sample_invoice(FIRST + 1 + number, rows=1), key=key)
        case "invoices.create_actions":
            amount = Decimal(number + 1).scaleb(-2)
            paid = DirectPayment(invoice_number=FIRST, amount=amount, currency="EUR")
            return await outbox.invoices.create_actions([paid], key=key)
        case "accounting.submit_ledger":
            return await outbox.accounting.submit_ledger(ledger(f"L-{number}"), key=key)
        case "accounting.submit_payments":
            payment = AccountingPayment(payment_identifier=f"P-{number}", amount=Decimal("12.40"))
            return await outbox.accounting.submit_payments([payment], key=key, validate=False)
        case _:
            service = {"type": "LIFECYCLE", "partnerCode": "P1"}
            company = {"name": "Oy", "businessCode": f"C-{number}", "countryCode": "FI"}
            request = {"service": service, "client": company}
            return await outbox.onboarding.create_client(request, key=key, validate=False)


async def run(options: argparse.Namespace) -> None:
    """Give all writes of the plan, and print what became of each."""
    fate = Fate(options.step, options.after, None)
    plan = [(operation, number) for operation in options.operations for number in range(options.each)]
    random.Random(options.seed).shuffle(plan)
    verdicts: dict[str, str] = {}

    def opened() -> Journal:
        return cast("Journal", DyingJournal(open_sqlite(options.journal), fate))

    async with (
        Confirma(
            os.environ["CONFIRMA_API_KEY"],
            provisioning_token=os.environ["CONFIRMA_PROVISIONING_TOKEN"],
            base_url=options.url,
            transport=DyingTransport(fate),
            rate_limit=RateLimit(concurrency=16, per_second=options.rate),
            retry=RetryPolicy(base_seconds=0.01),
            timeout=options.timeout,
        ) as confirma,
        confirma.outbox(journal=opened, settle_seconds=options.settle) as outbox,
    ):

        async def task(rest: Iterator[tuple[str, int]]) -> None:
            for operation, number in rest:
                outcome = await give(outbox, operation, number)
                verdicts[f"{operation} {number}"] = outcome.verdict.value

        async def give_all() -> None:
            rest = iter(plan)
            await asyncio.gather(*(task(rest) for _ in range(TASKS)))

        await give_all()
        if options.look_up:
            await outbox.look_up()
            await give_all()
    json.dump(verdicts, sys.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description="a service that kills itself")
    parser.add_argument("url")
    parser.add_argument("journal", type=Path)
    parser.add_argument("operations", nargs="+")
    parser.add_argument("--each", type=int, required=True, help="writes of each operation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--settle", type=float, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--look-up", action="store_true")
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--after", type=int, default=1)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
