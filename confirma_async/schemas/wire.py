"""What every schema shares: evidence marks, wire names, and the keys that no attribute claims."""

import enum
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from attrs import field, fields, frozen

from confirma_async.schemas.drift import Drift, Kept
from confirma_async.schemas.showing import as_html, as_text


class Evidence(enum.Enum):
    """How well a wire fact is known. The marks are those of the project's wire contract."""

    DOCUMENTED = "D"
    """Name, nesting, type and place are in the vendor's documentation."""
    EXAMPLE = "E"
    """Name and type were seen in a vendor's example; whether it is required is not known."""
    PROVISIONAL = "P"
    """The concept is documented, the wire name is this project's reading and may be wrong."""


EVIDENCE = "evidence"
WIRE_NAME = "wire_name"
OLDER_NAME = "older_name"
IDENTIFIES = "identifies"

D: Mapping[str, Any] = {EVIDENCE: Evidence.DOCUMENTED}
E: Mapping[str, Any] = {EVIDENCE: Evidence.EXAMPLE}
P: Mapping[str, Any] = {EVIDENCE: Evidence.PROVISIONAL}


def named(wire_name: str, mark: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return metadata of a field whose wire name is not the camelCase of its attribute."""
    return {**mark, WIRE_NAME: wire_name}


def identifying(mark: Mapping[str, Any]) -> Mapping[str, Any]:
    """Metadata of a field by which records are told apart, or by whose value it is decided what to send.

    Where such a name is documented, a value of the wrong kind is an error, in a tolerant reading as well.
    """
    return {**mark, IDENTIFIES: True}


def renamed(older_name: str, mark: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return metadata of a field that has another name in an older form of its page, or elsewhere.

    Both are read.
    """
    return {**mark, OLDER_NAME: older_name}


def _no_keys() -> dict[str, Any]:
    return {}  # a dict[str, Any] called takes eight times as long: it tries to mark what it makes, in vain


@frozen(kw_only=True)
class Schema:
    """An object of the wire contract.

    Attributes:
        extra: What the attributes alone could not write again, by wire name: keys this version does
            not know, explicit nulls, and unusual spellings of a value. It goes back out where it came
            from, so a record read and written again is the same JSON.
    """

    vendor_name: ClassVar[str] = ""
    section: ClassVar[str] = ""

    extra: Mapping[str, Any] = field(factory=_no_keys, repr=False, hash=False)

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


@frozen(kw_only=True)
class Answer(Schema):
    """An object that the service answers with. It is read tolerantly, unless strictness is asked for.

    What is not of the kind that the contract says reads as None, and its raw value is in ``extra``. Where the
    name is documented, and stands for money, an identifier or a status, that is an error.
    """

    @property
    def drift(self) -> tuple[Drift, ...]:
        """What in it, and in the objects below it, was not as the contract says; empty where all was."""
        return self.extra.drift if isinstance(self.extra, Kept) else ()


AnySchema = TypeVar("AnySchema", bound=Schema)


def vendor(name: str, *, section: str) -> Callable[[type[AnySchema]], type[AnySchema]]:
    """Give a schema the vendor's own name and the section of the wire contract that states it.

    Its docstring names the attributes that are provisional, unless it says so of them itself.
    """

    def mark(cls: type[AnySchema]) -> type[AnySchema]:
        cls.vendor_name = name
        cls.section = section
        if readings := _provisional_names(cls):
            cls.__doc__ = f"{cls.__doc__}\n\n    Provisional, by this project's reading: {readings}.\n    "
        return cls

    return mark


def _provisional_names(cls: type[Schema]) -> str:
    if "provisional" in (cls.__doc__ or ""):
        return ""
    return ", ".join(item.name for item in fields(cls) if item.metadata.get(EVIDENCE) is Evidence.PROVISIONAL)


def camel_case(attribute: str) -> str:
    """Return the wire name of an attribute without metadata: ``due_date`` → ``dueDate``."""
    head, *tail = attribute.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in tail)
