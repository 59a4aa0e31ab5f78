"""The waiting for workers: what it ends with, and what it says meanwhile."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from confirma_async.bulk import State
from confirma_async.cli.commands.jobs.sending import following
from confirma_async.cli.commands.jobs.sending.following import PlannedRun, follow
from confirma_async.errors import JournalError

OAK, ELM = PlannedRun(Path("oak"), 1, 2, 0), PlannedRun(Path("elm"), 1, 2, 0)
PENDING, UNKNOWN = Counter({State.PENDING: 2}), Counter({State.UNKNOWN: 1, State.ACCEPTED: 1})
SENT = Counter({State.ACCEPTED: 2})


@pytest.fixture
def seen(monkeypatch):
    """What is seen of the runs, look by look; the last look again and again."""
    looks: dict[str, Any] = {}

    def look(run):
        left = looks[str(run.place)]
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, JournalError):
            return following._Look(error=found)
        counts, alive = found
        return following._Look(counts, alive)

    monkeypatch.setattr(following, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(following, "_look", look)
    monkeypatch.setattr(following, "_standing", lambda run: run)
    return looks


async def waited(*runs, patience_seconds=60.0):
    return await follow(runs, begin="confirma worker", patience_seconds=patience_seconds, visible=False)


async def test_what_is_unknown_for_longer_than_lookups_take_is_left_to_a_person(seen):
    seen["oak"] = [(PENDING, 1), (UNKNOWN, 1)]
    assert await waited(OAK, patience_seconds=0.1) == [OAK]


async def test_what_is_unknown_is_waited_for_while_lookups_may_come(seen):
    seen["oak"] = [*[(UNKNOWN, 1)] * 5, (SENT, 1)]
    assert await waited(OAK) == [OAK]
    assert len(seen["oak"]) == 1


async def test_of_each_account_it_is_said_once_that_no_worker_runs_for_it(seen, capsys):
    seen["oak"] = [*[(PENDING, 1)] * 4, (SENT, 1)]
    seen["elm"] = [*[(PENDING, 0)] * 3, (PENDING, 1), (SENT, 1)]
    await waited(OAK, ELM)
    output = capsys.readouterr().err
    assert output.count("No worker runs on elm; begin one (confirma worker") == 1
    assert "oak" not in output


async def test_workers_that_die_later_are_told_of_as_well(seen, capsys):
    seen["oak"] = [(PENDING, 0), (PENDING, 1), (PENDING, 0), (SENT, 1)]
    await waited(OAK)
    assert capsys.readouterr().err.count("No worker runs on oak") == 2


async def test_a_database_that_is_away_keeps_the_others_waiting_until_it_is_back(seen, capsys):
    seen["oak"] = [(SENT, 1)]
    seen["elm"] = [(PENDING, 1), JournalError("the server cannot be reached"), (SENT, 1)]
    assert await waited(OAK, ELM) == [OAK, ELM]
    assert capsys.readouterr().err.count("the server cannot be reached. It is asked again") == 1


async def test_nothing_is_waited_for_where_no_database_can_be_asked(seen):
    seen["oak"] = [JournalError("the server cannot be reached")]
    with pytest.raises(JournalError, match="cannot be reached"):
        await waited(OAK)
