"""Whatever people do with inputs and journals between and during their jobs, no invoice is sent twice.

A hypothesis state machine over the command line. Jobs that die run in a process of their own, killed at any
moment; all others in this one. The service is in a third process and counts what arrives.

``CONFIRMA_PROOF_EXAMPLES=500`` plays more games, ``CONFIRMA_PROOF_STEPS=40`` longer ones.
"""

import json
import os
from collections import Counter
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from confirma_async import Overrides
from tests.e2e.jobs.people import People, Service

EXAMPLES = int(os.environ.get("CONFIRMA_PROOF_EXAMPLES", "10"))
STEPS = int(os.environ.get("CONFIRMA_PROOF_STEPS", "20"))


@pytest.fixture
def overrides():
    """No corrected names here: each game takes its time."""
    return Overrides()


@pytest.mark.long
def test_people_move_files_and_journals_and_nothing_is_sent_twice(tmp_path, monkeypatch, wire_invoice):
    service = Service(tmp_path)
    for name in ("CONFIRMA_API_KEY", "CONFIRMA_BASE_URL", "CONFIRMA_ENVIRONMENT", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "")
    monkeypatch.delenv("CONFIRMA_ENVIRONMENT")
    happened = Counter[str]()
    members = {"service": service, "folder": tmp_path, "make_invoice": staticmethod(wire_invoice)}
    machine = type("Game", (People,), {**members, "happened": happened, "numbers": count(1000)})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                phases=[Phase.reuse, Phase.generate],  # to make a failure smaller would take hours
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        service.end()
        print(json.dumps(dict(sorted(happened.items()))))  # noqa: T201 (seen with -s, or when it fails)
    assert happened["games"]
