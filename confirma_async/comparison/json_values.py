"""JSON of unknown form, asked for what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast


def as_object(value: object) -> Mapping[str, Any] | None:
    """Return a JSON object; None for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def as_array(value: object) -> Sequence[Any] | None:
    """Return a JSON array; None for anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else None
