"""What the JSON of an answer says where no name is documented: signs of failure, numbers, its form."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import cast

from confirma_async.schemas import InvoiceType
from confirma_async.session.refusals import plain

DEEPEST = 16
"""Levels of an answer that are looked at; what is nested more deeply counts as a sign of failure."""

LONGEST_FORM = 200
"""Characters of a form that are kept as they are; a longer one is kept as its SHA-256."""

_FAILURES = frozenset(
    {"error", "errors", "errorcode", "errormessage", "errordescription", "fault", "exception", "failure"}
    | {"failures", "problems", "violations", "validationerrors"}
)
"""Keys that say that something failed, where they say anything."""

_SUCCESSES = frozenset(
    {"success", "successful", "succeeded", "issuccess", "issuccessful", "ok", "isok", "valid", "isvalid"}
    | {"accepted", "isaccepted"}
)
"""Keys that say whether it went well."""

_WORDS = frozenset({"status", "state", "result", "outcome", "code", "statuscode", "resultcode", "httpstatus"})
"""Keys that say in a word or a number how it went."""

_FAILING_WORDS = frozenset(
    {"error", "err", "fail", "failed", "failure", "fault", "rejected", "refused", "declined", "denied"}
    | {
        "invalid",
        "cancelled",
        "canceled",
        "deleted",
        "removed",
        "aborted",
        "nok",
        "notok",
        "ko",
        "unauthorized",
    }
    | {"unauthenticated", "forbidden", "unavailable", "timeout", "notfound", "false", "bad", "badrequest"}
)
"""Words of failure, in small letters."""

_NUMBERS = frozenset({"invoicenumber", "invoiceno", "invoicenbr", "invoicenr"})
_TYPES = frozenset({"type", "invoicetype", "documenttype"})
_AMOUNTS = frozenset({"amount", "grossamount", "totalamount", "invoiceamount", "grosstotal"})
_SELLERS = frozenset({"sellerbusinessid", "sellervatcode", "sellercode", "creditorbusinessid"})
_MORE = frozenset({"next", "nextpage", "nextcursor", "nextlink", "hasmore", "hasnext", "more", "truncated"})
_FALSE = frozenset({"false", "no", "0"})
_WORD = re.compile(r"[A-Za-z][A-Za-z _-]{0,31}")
_DIGITS = re.compile(r"\d+")


def _entries(found: object) -> Sequence[tuple[str, object]]:
    """Every key of an answer, as ``plain`` has it, with its value; an error where it is too deep."""
    entries: list[tuple[str, object]] = []
    level = [found]
    for _ in range(DEEPEST):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                told = cast("Mapping[str, object]", value).items()
                entries += [(plain(key), inner) for key, inner in told]
                below += [inner for _, inner in told if inner and isinstance(inner, dict | list)]
            elif isinstance(value, list):
                below += [
                    inner for inner in cast("Sequence[object]", value) if isinstance(inner, dict | list)
                ]
        if not below:
            return entries
        level = below
    return [*entries, ("error", "nested too deeply")]


def survey(found: object, status: str, number: str) -> tuple[str | None, Sequence[object]]:
    """What an answer says at any of the keys that answers have.

    Args:
        found: The answer.
        status: The name of its status.
        number: The name of its invoice number.

    Returns:
        The key under which it says that something failed, as far as that can be told; and the invoice numbers
        that it names, under the name in force or one much like it.
    """
    entries = _entries(found)
    own = plain(number)
    numbers = [
        value
        for key, value in entries
        if (key in _NUMBERS or key == own) and value is not None and not isinstance(value, dict | list)
    ]
    return _sign(entries, status), numbers


def says_no(found: object, status: str = "status") -> str | None:
    """The key under which an answer says that something failed, as far as that can be told; else None."""
    return _sign(_entries(found), status) if found else None


def _sign(entries: Sequence[tuple[str, object]], status: str) -> str | None:
    own = plain(status)
    for key, value in entries:
        if key in _FAILURES:
            if value:
                return key
        elif key in _SUCCESSES:
            if _is_false(value):
                return key
        elif (key in _WORDS or key == own) and _is_failing(value):
            return key
    return None


def _is_false(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _FALSE
    return value is not None and not isinstance(value, dict | list) and not value


def _is_failing(value: object) -> bool:
    if isinstance(value, str):
        word = plain(value.strip()).replace(" ", "")
        return word in _FAILING_WORDS or (word.isdigit() and len(word) == 3 and word[0] in "45")
    return isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600


def is_number(told: object, number: int) -> bool:
    """Whether what is told is this number, exactly: ``0001042`` is not 1042."""
    if isinstance(told, bool):
        return False
    return told == str(number) or (isinstance(told, int | Decimal) and told == number)


def names_number(told: str, number: int) -> bool:
    """Whether a text is a number spelled otherwise, or holds it: ``0001042``, `` 1042``, ``INV-1042``."""
    return any(digits.lstrip("0") == str(number) for digits in _DIGITS.findall(told))


def types_in(extra: Mapping[str, object]) -> Sequence[str]:
    """The invoice types that a record names; words that are none are passed over."""
    words = (
        value.strip().upper().replace(" ", "_").replace("-", "_")
        for key, value in extra.items()
        if plain(key) in _TYPES and isinstance(value, str)
    )
    return [word for word in words if InvoiceType(word).is_known]


def amounts_in(extra: Mapping[str, object]) -> Sequence[Decimal]:
    """The amounts that a record names."""
    told = [value for key, value in extra.items() if plain(key) in _AMOUNTS]
    found: list[Decimal] = []
    for value in told:
        if isinstance(value, int | Decimal | str) and not isinstance(value, bool):
            try:
                found.append(Decimal(value))
            except InvalidOperation:
                continue
    return found


def sellers_in(extra: Mapping[str, object]) -> Sequence[str]:
    """The sellers that a record names."""
    return [value for key, value in extra.items() if plain(key) in _SELLERS and isinstance(value, str)]


def has_more(extra: Mapping[str, object]) -> bool:
    """Whether an answer says that it goes on elsewhere."""
    return any(plain(key) in _MORE and bool(value) for key, value in extra.items())


def form_of(found: object, status: str) -> str:
    """The form of an answer: its keys and the kinds of their values, and no value.

    But for its status: a word there is of a vocabulary, and one answer may say yes with one word and no with
    another. Digits in keys are left out, since they may be a number's.

    Args:
        found: The answer.
        status: The name of its status.
    """
    form = _shape(found, status, DEEPEST)
    return form if len(form) <= LONGEST_FORM else hashlib.sha256(form.encode()).hexdigest()


def _shape(found: object, status: str, deepest: int) -> str:
    if not deepest:
        return "..."
    match found:
        case dict():
            entries = cast("Mapping[str, object]", found).items()
            told = sorted(
                f"{_DIGITS.sub('#', key)}:{_kind(key, value, status, deepest)}" for key, value in entries
            )
            return "{" + ",".join(dict.fromkeys(told)) + "}"
        case list():
            kinds = {_shape(value, "", deepest - 1) for value in cast("Sequence[object]", found)}
            return "[" + ",".join(sorted(kinds)) + "]"
        case None:
            return "null"
        case bool():
            return "flag"
        case int() | Decimal():
            return "number"
        case _:
            return "text"


def _kind(key: str, value: object, status: str, deepest: int) -> str:
    if status and key == status and isinstance(value, str) and _WORD.fullmatch(value):
        return value
    return _shape(value, "", deepest - 1)
