"""What people keep in files of their own, such as a mapping, read into attrs classes by cattrs.

Types are exact, an entry that the class does not have is refused, and every problem is told with its place.
"""

from __future__ import annotations

import datetime
import json
import re
import tomllib
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.cols import (
    is_mapping,
    list_structure_factory,
    mapping_structure_factory,  # pyright: ignore[reportUnknownVariableType] (partly untyped)
)
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.gen import make_dict_structure_fn

from confirma_async.converters.value_types import CODECS, WireMismatch
from confirma_async.errors import ConfigurationError

Read = TypeVar("Read")
Hook = Callable[[Any, Any], Any]
HookFactory = Callable[[Any, cattrs.Converter], Hook]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_MADE_OF_A_LIST: Mapping[Any, Callable[[list[Any]], Any]] = {
    frozenset: frozenset,
    tuple: tuple,
    Sequence: tuple,
}


class StrictConverter(cattrs.Converter):
    """Reads the values of TOML and JSON into attrs classes."""

    def __init__(self) -> None:
        super().__init__(detailed_validation=True, forbid_extra_keys=True)
        for kind in (str, bool, int, datetime.date):
            self.register_structure_hook(kind, _exactly(kind))
        self.register_structure_hook_factory(attrs.has, _only_from(dict, "a table", make_dict_structure_fn))
        self.register_structure_hook_factory(is_mapping, _only_from(dict, "a table", _table_hook))
        self.register_structure_hook_factory(_is_list, _only_from(list, "a list", _list_hook))

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
            problems = "; ".join(self._problems(error, ""))
            raise ConfigurationError(f"{document}: {problems}") from None

    def _problems(self, error: Exception, place: str) -> Iterator[str]:
        if isinstance(error, ClassValidationError | IterableValidationError):
            placed, here = error.group_exceptions()
            for each, note in placed:
                step = note.name if isinstance(note, AttributeValidationNote) else note.index
                yield from self._problems(each, place + _step(step) if place else str(step))
            for each in here:
                yield from self._problems(each, place)
        elif isinstance(error, ForbiddenExtraKeysError):
            unknown = ", ".join(sorted(map(_key, error.extra_fields)))
            yield f"there is no entry {unknown}; only {', '.join(self._entries(error.cl))} are read"
        elif isinstance(error, KeyError):
            yield f"{place} is required and missing"
        elif isinstance(error, WireMismatch):
            hint = "; a key with a dot needs quotes" if error.found == "dict" else ""
            yield f"{place} must be {error.wanted}{hint}".lstrip()
        else:
            yield f"{place} {error}".lstrip()

    def _entries(self, cls: type) -> Iterator[str]:
        overrides = getattr(self.get_structure_hook(cls), "overrides", {})
        for item in attrs.fields(cls):
            if item.name not in overrides or not overrides[item.name].omit:
                yield item.name


def _exactly(kind: type) -> Hook:
    read, _ = CODECS[kind]
    return lambda found, _kind: read(found)


def _only_from(source: type, wanted: str, factory: HookFactory) -> HookFactory:
    """Return a factory whose hooks read what is of one class; cattrs' own would take what is like it."""

    def hook_for(kind: Any, converter: cattrs.Converter) -> Hook:
        read = factory(kind, converter)

        def structure(found: Any, _kind: Any) -> Any:
            if isinstance(found, source):
                return read(found, kind)
            raise WireMismatch(wanted, found)

        return structure

    return hook_for


def _table_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    return mapping_structure_factory(kind, converter)


def _list_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    read, made_of = list_structure_factory(kind, converter), _MADE_OF_A_LIST[typing.get_origin(kind)]
    return lambda found, _kind: made_of(read(found, kind))


def _is_list(kind: Any) -> bool:
    return typing.get_origin(kind) in _MADE_OF_A_LIST


def _step(at: str | int) -> str:
    return f"[{at}]" if isinstance(at, int) else f".{_key(at)}"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=not name.isprintable())
