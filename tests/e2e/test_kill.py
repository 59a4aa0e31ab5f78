"""The submitting process is killed at random moments, again and again: nothing is lost, nothing doubled."""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter

from confirma_async.bulk import State
from confirma_async.bulk.sqlite_journal import reading
from confirma_async.sandbox import Fault

KILLS = 50
INVOICES = 3000
RATE = 400  # a second: slow enough that the job outlives the kills
CREATE = "invoices.create"


async def submitting(sandbox, file, path, *options):
    command = ["-m", "confirma_async.cli", "submit", str(file), "--journal", str(path), "--settle", "1"]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        "--json",
        *options,
        env={**os.environ, "CONFIRMA_API_KEY": sandbox.api_key, "CONFIRMA_BASE_URL": sandbox.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def a_random_moment(dice, sandbox, process):
    """Waits for a moment to kill: mostly in the middle of sending, now and then at any time at all."""
    if dice.random() < 0.2:
        await asyncio.sleep(dice.uniform(0.0, 0.7))
        return
    goal = sandbox.requests[CREATE] + dice.randint(1, 40)
    while sandbox.requests[CREATE] < goal and process.returncode is None:  # noqa: ASYNC110 (it only counts)
        await asyncio.sleep(0.001)
    await asyncio.sleep(dice.uniform(0.0, 0.01))


async def test_fifty_kills_lose_and_double_nothing(sandbox, wire_invoice, tmp_path):
    dice = random.Random(20261120)
    sandbox.faults.seed(1)
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, times=None, probability=0.5, seconds=0.01)
    file, path = tmp_path / "invoices.jsonl", tmp_path / "job.journal"
    lines = [json.dumps(wire_invoice(number), default=float) for number in range(1, INVOICES + 1)]
    file.write_text("\n".join(lines), encoding="utf-8")

    kills = sending_at_kill = 0
    while kills < KILLS:
        process = await submitting(sandbox, file, path, "--rate", str(RATE))
        await a_random_moment(dice, sandbox, process)
        assert process.returncode is None, (await process.communicate(), "ended before it could be killed")
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        kills += 1
        if path.exists():
            with reading(path) as journal:
                sending_at_kill += any(journal.rows(State.SENDING))

    process = await submitting(sandbox, file, path)
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    report = json.loads(output)
    assert (report["accepted"], report["unknown"]) == (INVOICES, 0)

    held = Counter((invoice.number, str(invoice.status)) for invoice in sandbox.invoices())
    assert held == Counter({(number, "PAUSED"): 1 for number in range(1, INVOICES + 1)})
    with reading(path) as journal:
        assert [row.key.number for row in journal.rows(State.ACCEPTED)] == list(range(1, INVOICES + 1))
    assert sending_at_kill > KILLS / 2  # else the kills missed what they are for
