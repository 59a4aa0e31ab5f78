"""Rules that hold for a value wherever it stands (contract §1), by attribute name and by class.

From the schemas and the two tables a tree of the places to look at is built once. A value of the wrong
Python type is passed over: the converter reports it when the request is written.
"""

from __future__ import annotations

import base64
import binascii
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeAlias

import attrs
from attrs import frozen

from confirma_async.errors import Problem
from confirma_async.schemas import (
    Address,
    BlankText,
    BuyerParty,
    Client,
    InvoiceAttachments,
    InvoiceRecipientParty,
    Schema,
    SellerParty,
    Service,
)
from confirma_async.schemas.wire import WIRE_NAME, camel_case
from confirma_async.validation import rules
from confirma_async.validation.values.codes import (
    country_fault,
    currency_fault,
    language_fault,
    postal_code_fault,
)
from confirma_async.validation.values.identifiers import (
    bic_fault,
    business_id_fault,
    iban_fault,
    looks_like_business_id,
    vat_code_fault,
)
from confirma_async.validation.values.internet import email_fault, url_fault

Party: TypeAlias = SellerParty | BuyerParty | InvoiceRecipientParty

_NAMELESS = "must not be empty: nobody can be onboarded without it"

WRONG_TYPES = (TypeError, AttributeError)
"""What a rule meets in a request whose values have wrong types."""


def _postal_code(address: Address) -> str | None:
    if address.country_code is None or address.postal_code is None:
        return None
    return postal_code_fault(address.country_code, address.postal_code)


def _business_id(party: Party) -> str | None:
    business_id = party.business_id
    if business_id is None:
        return None
    country = None if party.address is None else party.address.country_code
    if country == "FI" or (country is None and looks_like_business_id(business_id)):
        return business_id_fault(business_id)
    return None


def _vat_code(party: Party) -> str | None:
    return None if party.vat_code is None else vat_code_fault(party.vat_code)


def _client_postal_code(client: Client) -> str | None:
    if not client.country_code or not client.postal_code:
        return None
    return postal_code_fault(client.country_code, client.postal_code)


def _finnish_business_code(client: Client) -> str | None:
    if client.country_code != "FI" or not client.business_code.strip():
        return None
    return business_id_fault(client.business_code)


def _named(attribute: str) -> tuple[rules.Rule, str, Callable[[Any], str | None]]:
    """Return the rule that an attribute is not empty."""

    def fault_of(obj: Client | Service) -> str | None:
        return None if getattr(obj, attribute).strip() else _NAMELESS

    return rules.NAMED, attribute, fault_of


def _attachment(attachment: InvoiceAttachments) -> str | None:
    if bool(attachment.data) == bool(attachment.url):
        return "must have either data or url, one of the two; remove one, or give one"
    return None


def _attachment_data(attachment: InvoiceAttachments) -> str | None:
    if not attachment.data:
        return None
    try:
        base64.b64decode(attachment.data, validate=True)
    except (binascii.Error, ValueError):
        return "must be plain base64, without line breaks or a data: prefix; encode it again"
    return None


_BY_NAME: Mapping[str, tuple[rules.Rule, Callable[[str], str | None]]] = {
    "currency_code": (rules.CURRENCY, currency_fault),
    "country_code": (rules.COUNTRY, country_fault),
    "language_code": (rules.LANGUAGE, language_fault),
    "email": (rules.EMAIL, email_fault),
    "invoice_copy_url": (rules.URL, url_fault),
    "url": (rules.URL, url_fault),
    "iban": (rules.IBAN, iban_fault),
    "bic": (rules.BIC, bic_fault),
    "currency": (rules.CURRENCY, currency_fault),
    "iban_account": (rules.IBAN, iban_fault),
    "website": (rules.URL, url_fault),
}
"""The rule of a text value, by its attribute's name."""

_PARTY_RULES: tuple[tuple[rules.Rule, str, Callable[[Any], str | None]], ...] = (
    (rules.BUSINESS_ID, "business_id", _business_id),
    (rules.VAT_CODE, "vat_code", _vat_code),
)

_BY_CLASS: Mapping[type[Schema], tuple[tuple[rules.Rule, str, Callable[[Any], str | None]], ...]] = {
    Address: ((rules.POSTAL_CODE, "postal_code", _postal_code),),
    SellerParty: _PARTY_RULES,
    BuyerParty: _PARTY_RULES,
    InvoiceRecipientParty: _PARTY_RULES,
    Client: (
        _named("name"),
        _named("business_code"),
        (rules.BUSINESS_ID, "business_code", _finnish_business_code),
        (rules.POSTAL_CODE, "postal_code", _client_postal_code),
    ),
    Service: (_named("partner_code"),),
    InvoiceAttachments: (
        (rules.ATTACHMENT, "", _attachment),
        (rules.ATTACHMENT, "data", _attachment_data),
    ),
}
"""The rules of a whole object: under which of its attributes a problem is reported, and the check."""


def type_problems(obj: Schema) -> list[Problem]:
    """Return what is wrong with single values of a request or an answer."""
    cls: type = type(obj)
    return list(_beneath("$", _look(obj, _tree(cls))))


_Problems: TypeAlias = tuple[Problem, ...]


@frozen
class _Branch:
    """What to look at in objects of one class."""

    cls: type[Schema]
    values: tuple[tuple[str, rules.Rule, Callable[[str], str | None]], ...]
    wholes: tuple[tuple[rules.Rule, str, Callable[[Any], str | None]], ...]
    below: tuple[tuple[str, Callable[[Any, _Branch], _Problems], _Branch], ...]


def _look(obj: Any, branch: _Branch) -> _Problems:
    """Return problems of one object and of those below it, with paths from here on.

    A clean one costs no path.
    """
    if not isinstance(obj, branch.cls):
        return ()
    found: _Problems = ()
    for attribute, rule, fault_of in branch.values:
        value = getattr(obj, attribute)
        if type(value) is str and (fault := fault_of(value)):
            found += (Problem(_step(obj, attribute), rule.id, fault),)
    for rule, attribute, fault_of in branch.wholes:
        try:
            fault = fault_of(obj)
        except WRONG_TYPES:
            continue
        if fault:
            found += (Problem(_step(obj, attribute), rule.id, fault),)
    for attribute, look, inner in branch.below:
        value = getattr(obj, attribute)
        if value and (below := look(value, inner)):
            found += _beneath(_step(obj, attribute), below)
    return found


def _look_at_each(objects: Any, branch: _Branch) -> _Problems:
    if not isinstance(objects, list | tuple):
        return ()
    found: _Problems = ()
    for index, obj in enumerate(typing.cast("Sequence[object]", objects)):
        found += _beneath(f"[{index}]", _look(obj, branch))
    return found


def _step(obj: Schema, attribute: str) -> str:
    if not attribute:
        return ""
    metadata = attrs.fields_dict(type(obj))[attribute].metadata
    return f".{metadata.get(WIRE_NAME) or camel_case(attribute)}"


def _beneath(step: str, problems: _Problems) -> _Problems:
    return tuple(attrs.evolve(problem, path=step + problem.path) for problem in problems)


@cache
def _tree(cls: type) -> _Branch:
    """Return the places at and below a class that a rule looks at."""
    nested = [(name, look, _tree(kind)) for name, look, kind in _nested(cls)]
    below = tuple(entry for entry in nested if entry[2].values or entry[2].wholes or entry[2].below)
    # mypy takes an attrs class for unhashable, and so for no key
    return _Branch(typing.cast("type[Schema]", cls), tuple(_values(cls)), _BY_CLASS.get(cls, ()), below)


def _values(cls: type) -> Iterator[tuple[str, rules.Rule, Callable[[str], str | None]]]:
    """Return the attributes of a class whose names have a rule.

    One whose empty text is no value may be empty.
    """
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        if name in _BY_NAME:
            rule, fault_of = _BY_NAME[name]
            yield (
                name,
                rule,
                partial(_unless_blank, fault_of) if BlankText in typing.get_args(hint) else fault_of,
            )


def _unless_blank(fault_of: Callable[[str], str | None], value: str) -> str | None:
    return fault_of(value) if value else None


def _nested(
    cls: type[Schema],
) -> Iterator[tuple[str, Callable[[Any, _Branch], _Problems], type]]:
    """Return the attributes of a class that hold other objects: name, how to look, and class."""
    for name, hint in typing.get_type_hints(cls).items():
        look = _look_at_each if typing.get_origin(hint) is Sequence else _look
        for kind in (hint, *typing.get_args(hint)):
            if isinstance(kind, type) and issubclass(kind, Schema):
                yield name, look, kind
