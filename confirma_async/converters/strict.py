"""What people keep in files of their own, such as a mapping, read into attrs classes by cattrs.

Types are exact, an entry that the class does not have is refused, and every problem is told with its place.
"""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.cols import (
    is_mapping,
    mapping_structure_factory,  # pyright: ignore[reportUnknownVariableType] (partly untyped)
)
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from confirma_async.converters.codecs import Hook, is_list, list_hook, only_from
from confirma_async.converters.errors import faults
from confirma_async.converters.value_types import CODECS, WireMismatch
from confirma_async.errors import ConfigurationError

Read = TypeVar("Read")

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class StrictConverter(cattrs.Converter):
    """Reads the values of TOML and JSON into attrs classes."""

    def __init__(self) -> None:
        super().__init__(detailed_validation=True, forbid_extra_keys=True)
        for kind in (str, bool, int, datetime.date):
            self.register_structure_hook(kind, _exactly(kind))
        self.register_structure_hook(float, _read_float)
        self.register_structure_hook_factory(attrs.has, only_from(dict, "a table", make_dict_structure_fn))
        self.register_structure_hook_factory(is_mapping, only_from(dict, "a table", _table_hook))
        self.register_structure_hook_factory(is_list, only_from(list, "a list", list_hook))

    def read_file(self, path: str | Path, cls: type[Read], document: str) -> Read:
        """Read a TOML file.

        Args:
            path: The file.
            cls: What is read.
            document: What to call it in messages, such as ``the mapping m.toml``.

        Raises:
            ConfigurationError: it cannot be read, is not TOML, or holds anything else.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "the file is no text in UTF-8"
            raise ConfigurationError(f"{document} cannot be read: {reason}") from error
        return self.read_toml(text, cls, document)

    def read_toml(self, text: str, cls: type[Read], document: str) -> Read:
        """Read TOML text; ``cls`` and ``document`` as above.

        Raises:
            ConfigurationError: it is not TOML, or holds anything else.
        """
        try:
            found = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{document} cannot be read: {error}") from error
        return self.read(found, cls, document)

    def read(self, found: object, cls: type[Read], document: str) -> Read:
        """Read what stands in TOML or JSON; ``cls`` and ``document`` as above.

        Raises:
            ConfigurationError: it is not what the class says.
        """
        try:
            return self.structure(found, cls)
        except (cattrs.BaseValidationError, WireMismatch) as error:
            problems = "; ".join(self._message(fault, steps) for steps, fault in faults(error))
            raise ConfigurationError(f"{document}: {problems}") from None

    def _message(self, error: Exception, steps: Sequence[str | int]) -> str:
        place = _place(*steps)
        if isinstance(error, ForbiddenExtraKeysError):
            unknown = ", ".join(sorted(_place(*steps, name) for name in error.extra_fields))
            return f"there is no entry {unknown}; only {', '.join(self._entries(error.cl))} are read"
        if isinstance(error, KeyError):
            return f"{place} is required and missing"
        if isinstance(error, WireMismatch):
            hint = "; a key with a dot needs quotes" if error.found == "dict" else ""
            return f"{place} must be {error.wanted}{hint}".lstrip()
        return f"{place}: {error}" if place else str(error)

    def _entries(self, cls: type) -> Iterator[str]:
        overrides = getattr(self.get_structure_hook(cls), "overrides", {})
        for item in attrs.fields(cls):
            if item.name not in overrides or not overrides[item.name].omit:
                yield item.name


def read_filled(found: object, _kind: object = str) -> str:
    """Read a text without the space around it; it must not be empty."""
    if isinstance(found, str) and (text := found.strip()):
        return text
    raise WireMismatch("a text that is not empty", found)


def _exactly(kind: type) -> Hook:
    read, _ = CODECS[kind]
    return lambda found, _kind: read(found)


def _table_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    return mapping_structure_factory(kind, converter)


def _read_float(found: object, _kind: object) -> float:
    if isinstance(found, int | float | Decimal) and not isinstance(found, bool):
        return found if isinstance(found, int) else float(found)
    raise WireMismatch("a number", found)


def _place(*steps: str | int) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{_key(step)}" for step in steps)
    return "".join(parts).removeprefix(".")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=not name.isprintable())
