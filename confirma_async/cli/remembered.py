"""Remembers how files are read: in a mapping beside each table, and in the run that sent it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from confirma_async.formats import ColumnMapping, FileFormat, ReadOptions, Spooled

_SUFFIX = ".mapping.toml"
_SIMPLE = ("decimal_comma", "attach_anywhere", "attach_private", "due_days")
_DEFAULTS = ReadOptions()


def mapping_file(table: Path) -> Path:
    """Return the path of the mapping beside a table; there may be none."""
    return table.with_name(f"{table.name}{_SUFFIX}")


def with_mappings(
    files: Sequence[Path | Spooled], reading: ReadOptions, before: ReadOptions = _DEFAULTS
) -> ReadOptions:
    """Return how to read files, with what is remembered for each.

    The command line comes first, then the mapping beside a file, then how a run has read its files.

    Args:
        files: The files to read.
        reading: The options of the command line.
        before: How the run that is repeated has read its files.

    Raises:
        ConfigurationError: a mapping beside a file cannot be read.
    """
    said = {name: getattr(reading, name) for name in (*_SIMPLE, "file_format")}
    reading = evolve(
        reading,
        **{name: getattr(before, name) for name, value in said.items() if value == getattr(_DEFAULTS, name)},
    )
    if reading.mapping is not None:
        return reading
    earlier = [*before.mappings.values()]
    only = earlier[0] if earlier and all(each == earlier[0] for each in earlier) else None
    mappings: dict[str, ColumnMapping] = {}
    for file in files:
        if isinstance(file, Spooled):
            continue
        name, beside = str(file.resolve()), mapping_file(file)
        found = ColumnMapping.from_toml(beside) if beside.is_file() else before.mappings.get(name, only)
        if found is not None:
            mappings[name] = found
    return evolve(reading, mappings=mappings)


def as_text(files: Sequence[Path | Spooled], reading: ReadOptions) -> str:
    """Return how files are read as JSON, for the journal."""
    names = [str(file.resolve()) for file in files if not isinstance(file, Spooled)]
    mapping = reading.mapping
    mappings = reading.mappings if mapping is None else dict.fromkeys(names, mapping)
    facts: dict[str, Any] = {
        name: value for name in _SIMPLE if (value := getattr(reading, name)) != getattr(_DEFAULTS, name)
    }
    if reading.file_format is not None:
        facts["file_format"] = reading.file_format.value
    if mappings:
        facts["mappings"] = {name: each.text for name, each in mappings.items()}
    return json.dumps(facts, ensure_ascii=False) if facts else ""


def from_text(text: str) -> ReadOptions:
    """Return how a run has read its files, from the JSON in the journal."""
    facts: dict[str, Any] = json.loads(text) if text else {}
    mappings: Mapping[str, str] = facts.pop("mappings", {})
    form: str | None = facts.pop("file_format", None)
    return ReadOptions(
        file_format=None if form is None else FileFormat(form),
        mappings={
            name: ColumnMapping.from_text(each, source=f"remembered of {Path(name).name}")
            for name, each in mappings.items()
        },
        **{name: value for name, value in facts.items() if name in _SIMPLE},
    )
