"""Corrections of the contract by a user: of paths, methods, names, and of where lists stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import attrs
from attrs import evolve, field, frozen

from confirma_async.contract.operations import METHODS, OPERATIONS, Operation, is_path, schema_classes
from confirma_async.converters import wire_names
from confirma_async.errors import ConfigurationError
from confirma_async.schemas.wire import EVIDENCE, Evidence, Schema

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


def _read_only(values: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(values))


def _read_only_tables(values: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({name: _read_only(table) for name, table in values.items()})


@frozen(kw_only=True)
class Overrides:
    """Corrections of provisional facts, by a user who holds the vendor's full documents.

    They apply everywhere: client, command line, sandbox and OpenAPI.

    Attributes:
        paths: A new path by operation name: ``{"invoices.distributions_v2": "/x"}``. The host stays.
        methods: A new HTTP method by operation name: ``{"accounting.invoice_statuses": "POST"}``.
        names: A new wire name by class and attribute: ``{"InvoiceRowData.unit_price": "priceUnit"}``.
        lists: Where the list of an answer stands, by operation name: ``{"payments.list": "data.payments"}``;
            ``"$"`` where the answer is the list.
        headers: Headers that each request of an operation carries, by operation name.
        query: Query parameters that each request of an operation carries, by operation name.
        confirmed: What the user knows to be right as it stands, by operation or ``Class.attribute``; or True
            for all that is corrected here. It shows as confirmed by the user.
        forced: Allows correcting what is documented or was seen in an example, too.

    Raises:
        ConfigurationError: a key names nothing, two attributes of one class would share a wire name, or
            it corrects a documented fact without ``forced``.
    """

    paths: Mapping[str, str] = field(factory=dict[str, str], converter=_read_only)
    methods: Mapping[str, str] = field(factory=dict[str, str], converter=_read_only)
    names: Mapping[str, str] = field(factory=dict[str, str], converter=_read_only)
    lists: Mapping[str, str] = field(factory=dict[str, str], converter=_read_only)
    headers: Mapping[str, Mapping[str, str]] = field(
        factory=dict[str, Mapping[str, str]], converter=_read_only_tables
    )
    query: Mapping[str, Mapping[str, str]] = field(
        factory=dict[str, Mapping[str, str]], converter=_read_only_tables
    )
    confirmed: bool | frozenset[str] = False
    forced: bool = False

    def __attrs_post_init__(self) -> None:
        for name, path in self.paths.items():
            self._check_path(name, path)
        for name, method in self.methods.items():
            if method not in METHODS:
                raise ConfigurationError(f"the method of {name} must be one of GET, POST, PUT, ...")
            self._check_evidence(name, _operation(name).evidence)
        for name, wire_name in self.names.items():
            self._check_name(name, wire_name)
        for name, place in self.lists.items():
            _check_place(name, place)
        for name, table in (*self.headers.items(), *self.query.items()):
            _operation(name)
            if not all(map(_HEADER.fullmatch, table)):
                raise ConfigurationError(f"a header or parameter of {name} has no name that can be")
        for name in self.confirmed if isinstance(self.confirmed, frozenset) else ():
            _ = OPERATIONS.get(name) or _attribute(name)

    @classmethod
    def from_toml(cls, path: str | Path) -> Overrides:
        """Read overrides from a TOML file with a table for each attribute, ``confirmed`` and ``forced``.

        Raises:
            ConfigurationError: the file cannot be read, is not TOML, or holds anything else.
        """
        from confirma_async.converters.strict import StrictConverter  # only where there is a file

        converter = StrictConverter()

        def confirmed(found: object, _kind: object) -> bool | frozenset[str]:
            if isinstance(found, bool):
                return found
            if isinstance(found, list):
                return converter.structure(found, frozenset[str])
            raise ValueError("must be true, false, or a list of names")

        converter.register_structure_hook(bool | frozenset[str], confirmed)
        return converter.read_file(path, cls, f"the overrides in {path}")

    @property
    def corrects_calls(self) -> bool:
        """Whether they correct what is called, what it is called with, or where its list stands."""
        return bool(self.paths or self.methods or self.lists or self.headers or self.query)

    def applied(self, operation: Operation[object]) -> Operation[object]:
        """Return an operation as it is called: with its method and its path corrected."""
        method, path = self.methods.get(operation.name, operation.method), self.path_of(operation)
        if method == operation.method and path == operation.path:
            return operation
        return evolve(operation, method=method, path=path)

    def path_of(self, operation: Operation[object]) -> str:
        """Return the path that an operation is called at."""
        return self.paths.get(operation.name, operation.path)

    def confirms(self, name: str) -> bool:
        """Say whether the user confirms an operation's path, or a name (``Class.attribute``)."""
        if isinstance(self.confirmed, bool):
            return self.confirmed and name in (
                self.paths.keys() | self.methods.keys() | self.names.keys() | self.lists.keys()
            )
        return name in self.confirmed

    def _check_path(self, name: str, path: str) -> None:
        operation = _operation(name)
        if not is_path(path) or "@" in path:  # some would take what is before it for a name of a user
            raise ConfigurationError(
                f"the path of {name} must start with /, and hold no host, query or space"
            )
        self._check_evidence(name, operation.evidence)

    def _check_name(self, name: str, wire_name: str) -> None:
        cls, attribute = _attribute(name)
        if not wire_name:
            raise ConfigurationError(f"the wire name of {name} must not be empty")
        self._check_evidence(name, attrs.fields_dict(cls)[attribute].metadata[EVIDENCE])
        names = list(wire_names(cls, self.names).values())
        if names.count(wire_name) > 1:
            raise ConfigurationError(f"{wire_name!r} would stand for two attributes of {cls.__name__}")

    def _check_evidence(self, name: str, evidence: Evidence) -> None:
        if evidence is not Evidence.PROVISIONAL and not self.forced:
            raise ConfigurationError(
                f"{name} is {evidence.name.lower()} by the vendor, not provisional; "
                "correct it only with forced = true"
            )


def _check_place(name: str, place: str) -> None:
    if not _operation(name).lists or "" in place.split("."):
        raise ConfigurationError(f"{name} must be a list, and its place names with dots between, or $ alone")


def _operation(name: str) -> Operation[object]:
    operation = OPERATIONS.get(name)
    if operation is None:
        raise ConfigurationError(f"there is no operation {name!r}; see confirma_async.contract")
    return operation


def _attribute(name: str) -> tuple[type[Schema], str]:
    class_name, _, attribute = name.partition(".")
    cls = schema_classes().get(class_name)
    if cls is None or attribute not in attrs.fields_dict(cls) or attribute == "extra":
        raise ConfigurationError(
            f"there is no name {name!r}; write Class.attribute, e.g. InvoiceRowData.unit_price"
        )
    return cls, attribute
