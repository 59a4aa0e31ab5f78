"""Any value in any place is read and written again by every way, or is explained there."""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import operator
import pickle
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from confirma_async.contract import schema_classes
from confirma_async.converters.codecs import Field
from confirma_async.converters.tolerance import is_firm
from confirma_async.errors import ResponseDecodeError
from confirma_async.privacy import Secret
from confirma_async.schemas import (
    Amount,
    Answer,
    BlankText,
    Identifier,
    InvoiceNumber,
    InvoiceNumberText,
    JsonObject,
    Moment,
    NumericFlag,
    Schema,
    TokenValidity,
)
from tests.converters.samples import CONVERTER, TOLERANT, amounts, digits

CLASSES = tuple(schema_classes().values())


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)

whole = st.integers() | st.integers(-(10**40), 10**40)

decimals = st.builds(
    lambda coefficient, scale: Decimal(coefficient).scaleb(-scale), digits, st.integers(-3, 29)
)

dates = st.dates().map(datetime.date.isoformat)

offsets = st.sampled_from(["Z", "+00:00", "-00:00", "+02:00", "-11:30", "+0200", "+02"])

fractions = st.sampled_from(["", ".1", ".12", ".123", ".120", ".000", ".123456", ".120000", ",5"])

date_times = st.builds(
    lambda moment, between, fraction, offset: (
        f"{moment:%Y-%m-%d}".zfill(10) + between + f"{moment:%H:%M:%S}" + fraction + offset
    ),
    st.datetimes(datetime.datetime(1900, 1, 2), datetime.datetime(2999, 12, 30)),  # noqa: DTZ001
    st.sampled_from(["T", " "]),
    fractions,
    offsets,
)

leaves = st.none() | st.booleans() | whole | decimals | texts

anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)

KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, texts),
    (bool, st.booleans()),
    (int, whole),
    (Decimal, decimals | whole),
    (Amount, amounts | whole),
    (datetime.date, dates),
    (Moment, dates | date_times),
    (InvoiceNumber, whole),
    (InvoiceNumberText, texts | whole),
    (Identifier, texts | whole),
    (BlankText, texts),
    (Secret, texts),
    (NumericFlag, st.sampled_from([0, 1])),
    (JsonObject, st.dictionaries(texts, anything, max_size=2)),
]


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    for known, values in KINDS:
        if known == kind:
            return values
    if issubclass(kind, Schema):
        return objects_of(kind, deep=False)
    return st.sampled_from([word.value for word in kind]) | texts  # an open enum


@functools.cache
def objects_of(
    cls: type[Schema], *, deep: bool = True, unknown: bool = True
) -> st.SearchStrategy[dict[str, Any]]:
    """Wire objects of a class; further down only what is required, for each class has its own turn."""
    fields = CONVERTER.fields_of(cls)
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for item in fields:
        if attrs.fields_dict(cls)[item.attribute].default not in (None, ()):  # no default, or one of its own
            required[item.wire] = values_of(item.kind)
        elif deep:
            values = values_of(item.kind)
            values = st.none() | (st.lists(values, max_size=2) if item.many else values)
            optional |= dict.fromkeys(filter(None, (item.wire, item.older)), values)
    objects = st.fixed_dictionaries(required, optional=optional)
    if not unknown:
        return objects
    known = {item.wire for item in fields} | {item.older for item in fields}
    others = st.dictionaries(texts.filter(lambda key: key not in known), anything, max_size=2)
    return st.builds(operator.or_, objects, others)


def exactly(value: Any) -> Any:
    """The same value, told apart where Python's ``==`` is not: True from 1, and 1.0 from 1.00."""
    if isinstance(value, dict):
        return {key: exactly(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [exactly(item) for item in value]
    return (type(value).__name__, str(value)) if isinstance(value, bool | Decimal) else value


def is_the_same_by_every_way(raw: dict[str, Any], cls: type[Schema]) -> None:
    """Reads a wire object as a dict, as bytes, twice, and out of a pickle, and writes it again."""
    record = CONVERTER.structure(raw, cls)
    assert CONVERTER.unstructure(record) == raw
    assert CONVERTER.structure(raw, cls) == record
    assert pickle.loads(pickle.dumps(record)) == record
    sent = CONVERTER.encode(raw)
    again = CONVERTER.dumps(CONVERTER.loads(sent, cls))
    assert exactly(json.loads(again, parse_float=Decimal, parse_int=Decimal)) == exactly(
        json.loads(sent, parse_float=Decimal, parse_int=Decimal)
    )


def is_read_or_explained_there(raw: dict[str, Any], cls: type[Schema], place: str) -> bool:
    """Reads an object whose only doubtful value is in one place; says whether it could be read."""
    sent = CONVERTER.encode(raw)
    try:
        record = CONVERTER.loads(sent, cls)
    except ResponseDecodeError as error:
        places = {problem.path.split(".")[1].split("[")[0] for problem in error.problems}
        assert places == {place}
        return False
    assert record == CONVERTER.structure(CONVERTER.parse(sent), cls)  # as by way of dicts
    return True


def feature_of(item: Field) -> tuple[Any, ...]:
    """What a field asks of the converter; fields of one feature are treated alike."""
    kind = str(item.kind) if any(item.kind == kind for kind, _ in KINDS) else type(item.kind)
    return kind, item.many, item.required, item.older is not None, item.absent is not None


FEATURES: dict[tuple[Any, ...], list[type[Schema]]] = {}

for schema in CLASSES:
    for its_feature in {feature_of(item) for item in CONVERTER.fields_of(schema)}:
        FEATURES.setdefault(its_feature, []).append(schema)

classes = st.sampled_from(CLASSES) | st.sampled_from([*FEATURES.values()]).flatmap(st.sampled_from)
"""Any schema; half of the time one that has a certain feature, so that rare ones get their share."""

MANY = settings(max_examples=400)
"""About ten examples of each schema, and twenty of each feature."""


@MANY
@given(data=st.data())
def test_what_is_read_is_written_again_by_every_way(data):
    cls = data.draw(classes)
    is_the_same_by_every_way(data.draw(objects_of(cls)), cls)


@settings(max_examples=150)  # hardly any of it comes near a schema
@given(cls=classes, value=anything)
def test_any_json_is_read_or_explained(cls, value):
    try:
        CONVERTER.structure(value, cls)
    except ResponseDecodeError as error:
        assert error.problems  # noqa: PT017 (most values are fine)


@pytest.mark.shows_secrets("a word that is drawn may be read as a token")
@MANY
@given(data=st.data())
def test_any_value_in_a_known_place_is_read_or_explained_there(data):
    cls = data.draw(classes.filter(CONVERTER.fields_of))
    raw = data.draw(objects_of(cls, unknown=False))
    place = data.draw(st.sampled_from([item.wire for item in CONVERTER.fields_of(cls)]))
    is_read_or_explained_there({**raw, place: data.draw(anything)}, cls, place)


# One full object of each class, so that what fails has a name.
SAMPLES: list[tuple[Any, Any]] = [
    (str, "text"),
    (bool, True),
    (int, 7),
    (Decimal, Decimal("1.50")),
    (Amount, Decimal("12.40")),
    (datetime.date, "2026-11-01"),
    (Moment, "2026-11-01T12:30:00.120+02:00"),
    (InvoiceNumber, 1042),
    (InvoiceNumberText, "1042"),
    (Identifier, "a-1"),
    (BlankText, ""),
    (Secret, "word"),
    (NumericFlag, 1),
    (JsonObject, {"key": [None, 1]}),
]


def full_object(cls: type[Schema]) -> dict[str, Any]:
    """A wire object with a value in every place, under the present names."""
    found = {
        item.wire: [sample_of(item.kind)] if item.many else sample_of(item.kind)
        for item in CONVERTER.fields_of(cls)
    }
    return {**found, "unknownKey": [1, {"a": Decimal("1.0")}]}


def sample_of(kind: Any) -> Any:
    for known, sample in SAMPLES:
        if known == kind:
            return sample
    if issubclass(kind, Schema):
        return full_object(kind)
    return next(word.value for word in kind)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_full_object_of_each_class_is_written_again_by_every_way(cls):
    is_the_same_by_every_way(full_object(cls), cls)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_what_fits_nowhere_is_explained_in_each_place_of_each_class(cls):
    for item in CONVERTER.fields_of(cls):
        assert not is_read_or_explained_there({**full_object(cls), item.wire: [[]]}, cls, item.wire)


@given(st.binary(max_size=40) | st.text('{}[]",:0123456789.eE+-tfn \\u', max_size=40))
def test_any_bytes_are_read_or_explained(data):
    with contextlib.suppress(ResponseDecodeError):
        CONVERTER.loads(data, TokenValidity)


ANSWERS = tuple(cls for cls in CLASSES if issubclass(cls, Answer))


@pytest.mark.shows_secrets("a word that is drawn may be read as a token")
@MANY
@given(data=st.data())
def test_an_answer_with_any_value_anywhere_is_kept_whole_or_refused_for_what_is_firm(data):
    cls = data.draw(st.sampled_from(ANSWERS).filter(TOLERANT.fields_of))
    item = data.draw(st.sampled_from(TOLERANT.fields_of(cls)))
    raw = data.draw(objects_of(cls))
    if data.draw(st.booleans()):
        raw = {**raw, item.wire: data.draw(anything)}
    else:
        raw.pop(item.wire, None)
    sent = TOLERANT.encode(raw)
    try:
        record = TOLERANT.loads(sent, cls)
    except ResponseDecodeError as error:
        assert is_firm(cls, item)
        assert error.answer is None  # noqa: PT017
        return
    written = json.loads(TOLERANT.dumps(record), parse_float=Decimal, parse_int=Decimal)
    if item.kind is not InvoiceNumber:  # digits are sent as a number
        assert exactly(written) == exactly(json.loads(sent, parse_float=Decimal, parse_int=Decimal))
    assert pickle.loads(pickle.dumps(record)).drift == record.drift
    assert bool(record.drift) == (not strictly_readable(sent, cls))


def strictly_readable(sent: bytes, cls: type[Schema]) -> bool:
    try:
        CONVERTER.loads(sent, cls)
    except ResponseDecodeError:
        return False
    return True
