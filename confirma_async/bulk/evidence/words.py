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
"""Levels of an answer that are looked at; what is nested more deeply counts as a sign of failure."""

LONGEST_FORM = 200
"""Characters of a form that are kept as they are; a longer one is kept as its SHA-256."""

_FAILURE = re.compile(r"error|fail|(?<!de)fault|exception|reject|invalid|problems$|violations$")
"""What keys have in them that say that something failed, where they say anything."""

_SUCCESS = re.compile(r"(is|was|has)?(success|successful|succeeded|ok|valid|accepted)")
"""Keys that say whether it went well."""

_WORD_KEY = re.compile(
    r"[a-z]*(status|result|outcome)(code|text)?|(http|return|response|reply)?code|[a-z]*state"
)
"""Keys that say in a word or a number how it went."""

_DONE = re.compile(
    r"(is|was|has)?(created|stored|saved|received|sent|queued|processed|inserted|added|imported|taken|done)"
)
"""More keys that say whether it went well; what is no yes there need not be a no."""

_MESSAGE = re.compile(r"messages?|msg|text|details?|description|reason|title|info|note")
"""Keys that say in a sentence how it went."""

_YES = frozenset({"true", "yes", "y", "1", "ok", "success", "successful", "succeeded", "accepted", "valid"})
"""Words at a key of success that say that it went well, in small letters."""

_FAILING_WORDS = frozenset(
    {"err", "refused", "declined", "denied", "cancelled", "canceled", "deleted", "removed", "aborted", "nok"}
    | {"ko", "unauthorized", "unauthenticated", "forbidden", "unavailable", "timeout", "false", "bad", "no"}
    | {"not", "cannot", "unable", "notok", "notfound", "badrequest"}
)
"""Words of failure, in small letters, beside those that have in them what keys of failure have."""

_NUMBERS = frozenset({"invoicenumber", "invoiceno", "invoicenbr", "invoicenr"})
_TYPES = frozenset({"type", "invoicetype", "documenttype"})
_AMOUNTS = frozenset({"amount", "grossamount", "totalamount", "invoiceamount", "grosstotal"})
_SELLERS = frozenset({"sellerbusinessid", "sellervatcode", "sellercode", "creditorbusinessid"})
_MORE = frozenset({"next", "nextpage", "nextcursor", "nextlink", "hasmore", "hasnext", "more", "truncated"})
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
_NESTED = frozenset[type]({dict, list})
_USUAL = 32
"""Keys of an answer up to which it is cached which of them are meaningful."""
_FIRST = re.compile(r"[a-z]+|[0-9]+")
_DIGITS = re.compile(r"\d+")
_SPACING = re.compile(r"[\s_-]+")
_LONGEST_AMOUNT = 40
_LARGEST_AMOUNT = Decimal(10) ** 15


def _entries(found: object) -> Sequence[tuple[str, object]]:
    """Return every key of an answer, as ``plain`` has it, with its value; an error where it is too deep."""
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
    """Return what an answer says at any of the keys that answers have.

    Args:
        found: The answer.
        status: The name of its status.
        number: The name of its invoice number.

    Returns:
        The key under which it says that something failed, as far as that is known; and the invoice numbers
        that it names, under the name in force or one much like it.
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
    """Return the keys whose values say whether the call succeeded, or name an invoice."""
    names = _NUMBERS | {plain(status), plain(number)}
    return [key for key in keys if plain(key) in names or any(_roles(plain(key)))]


def says_no(found: object, status: str = "status") -> str | None:
    """Return the key under which an answer says that something failed; None where none does."""
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
    """Return whether a key may name a status, may say yes or no, and may name an error."""
    found = _WORD_KEY.fullmatch(key), _SUCCESS.fullmatch(key), _FAILURE.search(key)
    return found[0] is not None, found[1] is not None, found[2] is not None


def _says_something(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _is_yes(value: object) -> bool:
    """Say whether a value at a key of success means yes, or neither yes nor no."""
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
    """Say whether what is said is this number, exactly: ``0001042`` is not 1042."""
    if isinstance(said, bool):
        return False
    return said == str(number) or (isinstance(said, int | Decimal) and said == number)


def names_number(said: str, number: int) -> bool:
    """Say whether a text is a number spelled otherwise, or holds it: ``0001042``, `` 1042``, ``INV-1042``."""
    return any(digits.lstrip("0") == str(number) for digits in _DIGITS.findall(said))


def type_word(said: str) -> str:
    """Return a type without what spelling changes: ``CreditNote`` and ``CREDIT_NOTE`` are one."""
    return _SPACING.sub("", said).upper()


KNOWN_TYPES = frozenset(type_word(known) for known in InvoiceType)
"""The types that are documented, as ``type_word`` has them."""


def types_in(extra: Mapping[str, object]) -> Sequence[str]:
    """Return the invoice types that a record names, as ``type_word`` has them."""
    said = [value for key, value in extra.items() if plain(key) in _TYPES]
    return [type_word(str(value)) for value in said if value is not None and value != ""]


def amounts_in(extra: Mapping[str, object]) -> Sequence[Decimal | None]:
    """Return the amounts that a record names, without their signs; None for one that can be no amount."""
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

    One answer may say yes and another one no in the same keys. So what is true or false counts by its value
    everywhere, and so does zero; and words and numbers count by theirs at keys that say how it went. What is
    longer than a word there counts by its SHA-256, since it may hold a name. Digits in keys and messages are
    left out, since they may be a number's.

    Args:
        found: The answer.
        status: The name of its status.
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
    """Return a short word or number as it is, and the digest of any other text."""
    if _WORD.fullmatch(said) or (len(said) <= 3 and said.isdecimal()):
        return said
    return "#" + hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
