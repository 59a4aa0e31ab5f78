"""The tables of these pages, written from the code, so that they cannot say anything else than it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.tables.commands import checks, commands, exit_codes, healths
from docs.tables.evidence import effects, evidence, field_table, operations
from docs.tables.inputs import columns, finvoice_codes, rules, type_codes
from docs.tables.mirror import events, mirror_tables, standings
from docs.tables.outcomes import (
    absences,
    answers,
    errors,
    faults,
    lists,
    log_fields,
    phases,
    rate_figures,
    receipts,
    records,
    retries,
    retry_figures,
    states,
    verdicts,
)
from docs.tables.sandbox import assumptions, commands_of_the_sandbox, stages

__all__ = ["TABLES", "field_table", "write"]

TABLES: Mapping[str, Callable[[], str]] = {
    table.__name__.replace("_", "-"): table
    for table in (
        commands,
        exit_codes,
        checks,
        healths,
        columns,
        type_codes,
        finvoice_codes,
        rules,
        states,
        answers,
        receipts,
        records,
        lists,
        absences,
        verdicts,
        errors,
        phases,
        log_fields,
        retries,
        retry_figures,
        rate_figures,
        faults,
        mirror_tables,
        standings,
        events,
        commands_of_the_sandbox,
        stages,
        assumptions,
        operations,
        effects,
        evidence,
    )
}
"""Every table by the name that a page includes it under."""


def write(folder: Path) -> None:
    """Write every table whose contents have changed."""
    folder.mkdir(exist_ok=True)
    for name, table in TABLES.items():
        file = folder / f"{name}.md"
        text = table()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
