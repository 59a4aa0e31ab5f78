"""Writes the status of a run as JSON, for machines."""

from __future__ import annotations

from typing import Any

from confirma_async.bulk.journal.records import Run, StoredProblem
from confirma_async.bulk.journal.writes import WriteRow
from confirma_async.bulk.models import Row
from confirma_async.cli.output.render import numbers_as_json
from confirma_async.cli.run_status.reading import RunStatus, mappings_of


def status_as_json(found: RunStatus) -> dict[str, Any]:
    """Return the status of a run as JSON."""
    run, progress = found.run, found.progress
    return {
        "journal": str(found.path),
        "run": run.number if run else None,
        "inputs": list(run.inputs) if run else [],
        "ending": run.ending if run else None,
        "target": found.target,
        "doubt": found.doubt.reason if found.doubt else None,
        "counts": found.counts,
        "amounts": {state.name.lower(): dict(sums) for state, sums in found.amounts.items()},
        "reading": _reading(run),
        "refused": [_refused(bad) for bad in found.refused],
        "rejected": [_invoice(row) for row in found.rejected],
        "unknown": [_invoice(row) for row in found.unknown],
        "writes": {state.name.lower(): count for state, count in found.writes.items()},
        "open_writes": [
            {"operation": row.operation, "key": row.key, **_state(row)} for row in found.open_writes
        ],
        "workers": [
            {"name": worker.name, "run": worker.run, "alive": worker.alive, "in_hand": worker.held}
            for worker in found.workers
        ],
        "numbers": numbers_as_json(found.numbers),
        "rate": round(progress.per_second, 2) if progress else 0,
        "expected": progress.expected if progress else None,
        "seconds_left": progress.seconds_left if progress else None,
        "oldest_unknown_seconds": progress.oldest_unknown_seconds if progress else None,
    }


def _invoice(row: Row) -> dict[str, Any]:
    return {"place": row.source, "number": row.key.number, "type": row.key.type, **_state(row)}


def _state(row: Row | WriteRow) -> dict[str, Any]:
    return {
        "state": row.state.name.lower(),
        "attempts": row.attempts,
        "attempted_at": row.attempted_at,
        "status": row.status,
        "detail": row.detail,
    }


def _refused(bad: StoredProblem) -> dict[str, Any]:
    return {
        "place": bad.source,
        "number": bad.number,
        "rule": bad.rule,
        "path": bad.path,
        "message": bad.message,
    }


def _reading(run: Run | None) -> list[dict[str, Any]]:
    return [
        {
            "file": name,
            "sheet": mapping.sheet,
            "header_row": mapping.header_row,
            "columns": dict(mapping.columns),
            "passed_over": list(mapping.ignore),
        }
        for name, mapping in mappings_of(run).items()
    ]
