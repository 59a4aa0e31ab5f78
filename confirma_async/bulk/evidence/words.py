"""Reads answers whose names are not documented: signs of failure, invoice numbers, and their form."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import cast

from confirma_async.schemas import InvoiceType
from confirma_async.session.answers.api_errors import plain

DEEPEST = 16
"""Levels of an answer that are searched; an answer that is nested more deeply counts as a failure."""

LONGEST_FORM = 200
"""Characters of a form that are kept as they are; a longer one is kept as its SHA-256."""

_FAILURE = re.compile(r"error|fail|(?<!de)fault|exception|reject|invalid|problems$|violations$")
"""Parts of keys that name an error: a value there, other than an empty one, is a sign of failure."""

_SUCCESS = re.compile(r"(is|was|has)?(success|successful|succeeded|ok|valid|accepted)")
"""Keys whose value says whether the call succeeded."""

_WORD_KEY = re.compile(
    r"[a-z]*(status|result|outcome)(code|text)?|(http|return|response|reply)?code|[a-z]*state"
)
"""Keys whose value is the status or the code of the result."""

_DONE = re.compile(
    r"(is|was|has)?(created|stored|saved|received|sent|queued|processed|inserted|added|imported|taken|done)"
)
"""More keys whose value says whether the call succeeded; any value but yes proves nothing there."""

_MESSAGE = re.compile(r"messages?|msg|text|details?|description|reason|title|info|note")
"""Keys whose value is a message for people."""

_YES = frozenset({"true", "yes", "y", "1", "ok", "success", "successful", "succeeded", "accepted", "valid"})
"""Values of a key of success that mean yes, in small letters."""

_FAILING_WORDS = frozenset(
    {"err", "refused", "declined", "denied", "cancelled", "canceled", "deleted", "removed", "aborted", "nok"}
    | {"ko", "unauthorized", "unauthenticated", "forbidden", "unavailable", "timeout", "false", "bad", "no"}
    | {"not", "cannot", "unable", "notok", "notfound", "badrequest"}
)
"""Values that mean failure, in small letters; those that match ``_FAILURE`` mean it as well."""

_NUMBERS = frozenset({"invoicenumber", "invoiceno", "invoicenbr", "invoicenr"})
_TYPES = frozenset({"type", "invoicetype", "documenttype"})
_AMOUNTS = frozenset({"amount", "grossamount", "totalamount", "invoiceamount", "grosstotal"})
_SELLERS = frozenset({"sellerbusinessid", "sellervatcode", "sellercode", "creditorbusinessid"})
_MORE = frozenset({"next", "nextpage", "nextcursor", "nextlink", "hasmore", "hasnext", "more", "truncated"})
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
_NESTED = frozenset[type]({dict, list})
_USUAL = 32
"""Keys that an answer may have for the choice of its meaningful keys to be cached."""
_FIRST = re.compile(r"[a-z]+|[0-9]+")
_DIGITS = re.compile(r"\d+")
_SPACING = re.compile(r"[\s_-]+")
_LONGEST_AMOUNT = 40
_LARGEST_AMOUNT = Decimal(10) ** 15


def _entries(found: object) -> Sequence[tuple[str, object]]:
    """Return all keys of an answer, spelled by ``plain``, with values; an error where it is too deep."""
    entries: list[tuple[str, object]] = []
    level = [found]
    for _ in range(DEEPEST):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                said = cast("Mapping[str, object]", value).items()
                entries += [(plain(key), inner) for key, inner in said]
                below += [inner for _, inner in said if inner and isinstance(inner, dict | list)]
            elif isinstance(value, list):
                below += [
                    inner for inner in cast("Sequence[object]", value) if isinstance(inner, dict | list)
                ]
        if not below:
            return entries
        level = below
    return [*entries, ("error", "nested too deeply")]


def survey(found: Mapping[str, object], status: str, number: str) -> tuple[str | None, Sequence[object]]:
    """Search an answer for a sign of failure, and for invoice numbers.

    Args:
        found: The JSON object of the answer.
        status: The wire name of its status.
        number: The wire name of its invoice number.

    Returns:
        The key whose value is a sign of failure, None where there is none; and the invoice numbers that it
        names, under ``number`` or a similar name.
    """
    if len(found) <= _USUAL and _NESTED.isdisjoint(map(type, filter(None, found.values()))):
        meaningful = _meaningful_keys(tuple(found), status, number)
        entries: Sequence[tuple[str, object]] = [(plain(key), found[key]) for key in meaningful]
    else:
        entries = _entries(found)
    own = plain(number)
    numbers = [
        value
        for key, value in entries
        if (key in _NUMBERS or key == own) and value is not None and not isinstance(value, dict | list)
    ]
    return _sign(entries, status), numbers


@lru_cache(maxsize=64)
def _meaningful_keys(keys: tuple[str, ...], status: str, number: str) -> Sequence[str]:
    """Return the keys that may say whether the call succeeded, or name an invoice."""
    names = _NUMBERS | {plain(status), plain(number)}
    return [key for key in keys if plain(key) in names or any(_roles(plain(key)))]


def says_no(found: object, status: str = "status") -> str | None:
    """Return the key of an answer whose value is a sign of failure; None where there is none."""
    return _sign(_entries(found), status) if found else None


def _sign(entries: Sequence[tuple[str, object]], status: str) -> str | None:
    own = plain(status)
    for key, value in entries:
        word, success, failure = _roles(key)
        sign = _is_failing(value) if word or key == own else success and not _is_yes(value)
        if sign or (failure and key != own and _says_something(value)):
            return key
    return None


@lru_cache(maxsize=1024)
def _roles(key: str) -> tuple[bool, bool, bool]:
    """Return whether a key may hold a status, whether a yes or no, and whether an error."""
    found = _WORD_KEY.fullmatch(key), _SUCCESS.fullmatch(key), _FAILURE.search(key)
    return found[0] is not None, found[1] is not None, found[2] is not None


def _says_something(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _is_yes(value: object) -> bool:
    """Say whether a value at a key of success means yes, or says nothing."""
    if isinstance(value, str):
        return _first_word(value) in _YES
    if isinstance(value, dict | list):  # what is in it is looked at
        return value not in ({}, [])
    return value is None or value == 1


def _is_failing(value: object) -> bool:
    if isinstance(value, str):
        return _fails(value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, Decimal) and not value.is_finite():
        return True
    return isinstance(value, int | Decimal) and (value >= 400 or value < 0)


@lru_cache(maxsize=256)
def _fails(word: str) -> bool:
    """Say whether a word means failure; the results are cached."""
    first, whole = _first_word(word), _SPACING.sub("", word.lower())
    if first.isdigit():
        return len(first) == 3 and first >= "400"
    said = (first, whole) if _WORD.fullmatch(word.strip()) else (first,)
    return whole in _FAILING_WORDS or any(
        each in _FAILING_WORDS or _FAILURE.search(each) is not None for each in said
    )


def _first_word(text: str) -> str:
    """Return the first word or number of a text, in small letters; empty where there is none."""
    found = _FIRST.search(text.lower())
    return found.group() if found else ""


def is_number(said: object, number: int) -> bool:
    """Say whether a value is exactly this number: ``0001042`` is not 1042."""
    if isinstance(said, bool):
        return False
    return said == str(number) or (isinstance(said, int | Decimal) and said == number)


def names_number(said: str, number: int) -> bool:
    """Say whether a text holds this number, however it is spelled: ``0001042``, `` 1042``, ``INV-1042``."""
    return any(digits.lstrip("0") == str(number) for digits in _DIGITS.findall(said))


def type_word(said: str) -> str:
    """Return a type in one spelling: ``CreditNote`` and ``CREDIT_NOTE`` are the same."""
    return _SPACING.sub("", said).upper()


KNOWN_TYPES = frozenset(type_word(known) for known in InvoiceType)
"""The documented types, as ``type_word`` spells them."""


def types_in(extra: Mapping[str, object]) -> Sequence[str]:
    """Return the invoice types that a record names, as ``type_word`` spells them."""
    said = [value for key, value in extra.items() if plain(key) in _TYPES]
    return [type_word(str(value)) for value in said if value is not None and value != ""]


def amounts_in(extra: Mapping[str, object]) -> Sequence[Decimal | None]:
    """Return the amounts that a record names, without sign; None for a value that is no amount."""
    said = [value for key, value in extra.items() if plain(key) in _AMOUNTS]
    return [_amount(value) for value in said if value is not None and value != ""]


def _amount(said: object) -> Decimal | None:
    if isinstance(said, bool) or not isinstance(said, int | Decimal | str):
        return None
    if isinstance(said, str) and len(said) > _LONGEST_AMOUNT:
        return None
    try:
        amount = Decimal(said)
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount.copy_abs() >= _LARGEST_AMOUNT:
        return None
    return amount.copy_abs()


def sellers_in(extra: Mapping[str, object]) -> Sequence[str]:
    """Return the sellers that a record names."""
    return [value for key, value in extra.items() if plain(key) in _SELLERS and isinstance(value, str)]


def has_more(extra: Mapping[str, object]) -> bool:
    """Say whether an answer names a further page."""
    return any(plain(key) in _MORE and bool(value) for key, value in extra.items())


def form_of(found: object, status: str) -> str:
    """Return the form of an answer: its keys, and the kinds of their values.

    One answer may say yes and another one no in the same keys. So true, false and zero count by their values
    everywhere, and words and numbers at the keys that say how the call went. A value there that is longer
    than a word counts by its SHA-256, since it may hold a name. Digits in keys and messages are left out,
    since they may be of the invoice number.

    Args:
        found: The JSON value of the answer.
        status: The wire name of its status.
    """
    form = _shape(found, plain(status), DEEPEST)
    return form if len(form) <= LONGEST_FORM else hashlib.sha256(form.encode()).hexdigest()


def _shape(found: object, status: str, deepest: int) -> str:
    if not deepest:
        return "..."
    match found:
        case dict():
            entries = cast("Mapping[str, object]", found).items()
            said = sorted(
                f"{_DIGITS.sub('#', key)}:{_kind(plain(key), value, status, deepest)}"
                for key, value in entries
            )
            return "{" + ",".join(dict.fromkeys(said)) + "}"
        case list():
            kinds = {_shape(value, status, deepest - 1) for value in cast("Sequence[object]", found)}
            return "[" + ",".join(sorted(kinds)) + "]"
        case None:
            return "null"
        case bool():
            return "true" if found else "false"
        case int() | Decimal():
            return "number" if found else "0"
        case _:
            return "text" if found else "empty"


def _kind(key: str, value: object, status: str, deepest: int) -> str:
    if deepest and isinstance(value, list):
        kinds = {_kind(key, inner, status, deepest - 1) for inner in cast("Sequence[object]", value)}
        return "[" + ",".join(sorted(kinds)) + "]"
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        if key == status or any(keys.fullmatch(key) for keys in (_WORD_KEY, _SUCCESS, _DONE)):
            return _by_value(str(value))
        if _MESSAGE.fullmatch(key) and isinstance(value, str):
            return _by_value(_DIGITS.sub("#", value))
    return _shape(value, status, deepest - 1)


def _by_value(said: str) -> str:
    """Return a single word or a number of up to three digits as it is, and the digest of any other text."""
    if _WORD.fullmatch(said) or (len(said) <= 3 and said.isdecimal()):
        return said
    return "#" + hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
