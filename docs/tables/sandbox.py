"""Tables of what the sandbox does, and by whose word."""

from __future__ import annotations

import re

from confirma_async.sandbox.admin import COMMANDS
from confirma_async.sandbox.rules.assumptions import ASSUMPTIONS
from confirma_async.sandbox.rules.invoices import RULES, TRANSITIONS, Transition
from confirma_async.sandbox.rules.stages import STEPS
from confirma_async.schemas.wire import Evidence
from docs.tables.markup import MARKS, code, prose, table


def commands_of_the_sandbox() -> str:
    """Return every command below ``/_sandbox/``, with its arguments."""
    rows = [
        (
            code(f"{command.method} /_sandbox/{name}"),
            ", ".join(code(argument) for argument in command.arguments.__struct_fields__),
            prose(command.what),
        )
        for name, command in COMMANDS.items()
    ]
    return table(("Command", "Arguments", "What happens"), rows)


def stages() -> str:
    """Return every stage of an unpaid invoice."""
    rows = [(code(it.route), it.after_days, code(it.stage), it.fee or "", it.description) for it in STEPS]
    return table(("Route", "Day", "Stage", "Fee", "What the timeline says"), rows)


def assumptions() -> str:
    """Return everything that the sandbox lives by, and whose word that is."""
    validation = [(f"ERROR: {rule.error}", rule.basis, rule.evidence) for rule in RULES]
    steps = [(f"{it.source} → {it.target}: {_when(it)}", it.basis, it.evidence) for it in TRANSITIONS]
    ways = {it.route: (f"{it.route}: stages of an unpaid invoice", it.basis, it.evidence) for it in STEPS}
    rest = [(it.what, it.basis, it.evidence) for it in ASSUMPTIONS]
    rows = [
        (what, basis, _known(basis, evidence))
        for what, basis, evidence in (*validation, *steps, *ways.values(), *rest)
    ]
    return table(("What it does", "Source", "Known"), rows)


def _known(basis: str, evidence: Evidence | None) -> str:
    if evidence is None:
        return "assumed"
    return MARKS[evidence] + (", in part" if re.search(r"\bassumed\b", basis) else "")


def _when(transition: Transition) -> str:
    wanted = (
        fact if value is True else f"not {fact}" if value is False else str(value)
        for fact, value in transition.when.items()
    )
    return ", ".join(wanted)
