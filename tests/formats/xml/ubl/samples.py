"""The project's own examples of UBL, and parts of them that tests change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[4] / "examples" / "ubl"
INVOICE = (EXAMPLES / "invoice.xml").read_text(encoding="utf-8")
CREDIT_NOTE = (EXAMPLES / "credit-note.xml").read_text(encoding="utf-8")
DUE_DATE = "<cbc:DueDate>2026-11-16</cbc:DueDate>"


def details(owner: Any) -> dict[str, tuple[str | None, str]]:
    return {each.code: (each.name, each.value) for each in owner.definition_details}


BOMB = (
    '<!DOCTYPE Invoice [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
