"""The lists of the service that are mirrored: how to ask for each, and what identifies its records."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from attrs import evolve, field, frozen

from confirma_async.contract import CASE, DISTRIBUTIONS, PAYMENTS, SETTLEMENTS, Operation
from confirma_async.converters import Converter
from confirma_async.mirror.content import RawRecord, digest, without
from confirma_async.pagination import Window
from confirma_async.schemas import (
    Case,
    CaseDetails,
    CaseSummary,
    DistributionInformation,
    DistributionMetaData,
    DistributionQuery,
    DistributionRecord,
    FiltersApplied,
    Payment,
    PaymentsQuery,
    Settlement,
    Settlements,
    SettlementsQuery,
)
from confirma_async.schemas.wire import Schema

Days: TypeAlias = tuple[datetime.date, datetime.date] | None
"""The earliest and the latest date in a record; None if it has no date."""


def _with_empty_answer(operation: Operation[object]) -> Operation[object]:
    """Return the operation, so changed that an empty answer counts as an empty list (contract §1)."""
    return evolve(operation, no_content=True, answer_shown=False, repeatable=True)


@frozen
class Names:
    """The wire names of a schema's attributes, as the user's overrides correct them."""

    converter: Converter
    schema: type[Schema]
    of: Mapping[str, str] = field(init=False)
    older: Mapping[str, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        fields = self.converter.fields_of(self.schema)
        object.__setattr__(self, "of", {item.attribute: item.wire for item in fields})
        object.__setattr__(self, "older", {item.attribute: item.older for item in fields if item.older})

    def get(self, raw: object, attribute: str) -> Any:
        """Return the raw value of an attribute; None if it is missing, or ``raw`` is no object."""
        if not isinstance(raw, dict):
            return None
        values = cast("RawRecord", raw)
        found = values.get(self.of[attribute])
        return values.get(self.older[attribute]) if found is None and attribute in self.older else found


@frozen
class Whole:
    """The list in one answer.

    Attributes:
        records: The raw records.
        count: The number of records that the answer states; None if it states none.
        window: The days by which the answer says that it was filtered; None if it names none.
    """

    records: Sequence[RawRecord]
    count: int | None = None
    window: tuple[Any, Any] | None = None


@frozen(kw_only=True)
class Stream:
    """One list of the service.

    Attributes:
        name: Its name in the mirror.
        operation: The operation that returns it; it changes nothing at the service.
        record: The schema of a record.
        query: Returns the query for a window of days.
        whole: Returns the list in an answer.
        key: The attributes that identify a record; the first of them is required. Empty if only all its
            contents identify it.
        days: The attributes that hold the days by which the service may filter.
        passing: Attributes that are ignored in comparisons, because they change at every reading.
    """

    name: str
    operation: Operation[object]
    record: type[Schema]
    query: Callable[[Window], Schema]
    whole: Callable[[Converter, Any], Whole]
    key: Sequence[str] = ()
    days: Sequence[str]
    passing: Sequence[str] = ()

    def reader(self, converter: Converter) -> RecordReader:
        """Return a reader of its records, with the names of the user's overrides."""
        return RecordReader(self, Names(converter, self.record))


@frozen
class SeenRecord:
    """A record in an answer.

    Attributes:
        base: The digest of what identifies it: its key, or all its contents.
        hash: The digest of its contents.
        days: Its earliest and its latest day; None if it has no date.
        raw: The JSON as it came.
    """

    base: str
    hash: str
    days: Days
    raw: RawRecord

    @property
    def first_and_last(self) -> tuple[str, str]:
        """Its earliest and its latest day in ISO 8601; empty if it has no date."""
        return ("", "") if self.days is None else (self.days[0].isoformat(), self.days[1].isoformat())


@frozen
class RecordReader:
    """Reads from the records of a stream what identifies them: key, days and digests."""

    stream: Stream
    names: Names

    def seen(self, raw: RawRecord) -> SeenRecord:
        """Return a record of an answer, with what identifies it."""
        content = raw
        for name in self.stream.passing:
            content = without(content, self.names.of[name])
        base = whole = digest(content)
        key = [self.names.get(raw, name) for name in self.stream.key]
        if key and key[0] is not None:  # without it all that it says tells it apart, as of one without a key
            base = digest([self.stream.name, *(str(part) if part is not None else None for part in key)])
        return SeenRecord(base, whole, self.days(raw), raw)

    def days(self, raw: RawRecord) -> Days:
        """Return the earliest and the latest date in a record; None if it has no date."""
        found = [day for name in self.stream.days if (day := day_of(self.names.get(raw, name)))]
        return (min(found), max(found)) if found else None


def day_of(value: object) -> datetime.date | None:
    """Return the day of a date or date-time in JSON; None for any other value."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.date.fromisoformat(value[:10])
    except ValueError:
        return None


def _list_of(value: object) -> Sequence[RawRecord] | None:
    """Return a list of objects as it is; None for any other value."""
    if not isinstance(value, list):
        return None
    found: list[Any] = value  # pyright: ignore[reportUnknownVariableType]  (JSON)
    return found if all(isinstance(each, dict) for each in found) else None


class NotAListError(ValueError):
    """An answer has no list of objects at the place of its records."""


def _in_envelope(
    schema: type[Schema], attribute: str, converter: Converter, found: Any
) -> tuple[Names, Sequence[RawRecord]]:
    names = Names(converter, schema)
    value = names.get(found, attribute)
    is_null = value is None and isinstance(found, dict) and names.of[attribute] in found
    records = () if is_null else _list_of(value)
    if records is None:
        raise NotAListError(f"the answer holds no list under {names.of[attribute]}")
    return names, records


def _settlements(converter: Converter, found: Any) -> Whole:
    return Whole(_in_envelope(Settlements, "settlements", converter, found)[1])


def _payments(_converter: Converter, found: Any) -> Whole:
    records = _list_of(found)
    if records is None:
        raise NotAListError("the answer is no list")
    return Whole(records)


def _distributions(converter: Converter, found: Any) -> Whole:
    names, records = _in_envelope(DistributionInformation, "data", converter, found)
    meta, of_meta = names.get(found, "meta_data"), Names(converter, DistributionMetaData)
    count, filters = of_meta.get(meta, "total_count"), of_meta.get(meta, "filters_applied")
    of_filters = Names(converter, FiltersApplied)
    window = of_filters.get(filters, "from_inv_date"), of_filters.get(filters, "to_inv_date")
    return Whole(
        records, count if isinstance(count, int) else None, window if isinstance(filters, dict) else None
    )


SETTLED = Stream(
    name="settlements",
    operation=_with_empty_answer(SETTLEMENTS),
    record=Settlement,
    query=lambda window: SettlementsQuery(from_date=window.first, to_date=window.last),
    whole=_settlements,
    key=("settlement_id",),
    days=("settlement_date",),
    passing=("api_fetch_date",),
)
"""Settlements. ``unfetchedOnly`` is not used: it returns a settlement only once, to whoever asks first."""

PAID = Stream(
    name="payments",
    operation=_with_empty_answer(PAYMENTS),
    record=Payment,
    query=lambda window: PaymentsQuery(from_date=window.first, to_date=window.last),
    whole=_payments,
    days=("booking_date", "payment_date"),
)
"""Payments. They have no identifier, so that two equal ones are two payments."""

DISTRIBUTED = Stream(
    name="distributions",
    operation=_with_empty_answer(DISTRIBUTIONS),
    record=DistributionRecord,
    query=lambda window: DistributionQuery(from_inv_date=window.first, to_inv_date=window.last),
    whole=_distributions,
    key=("invoice_number", "invoice_date", "created_at"),
    days=("invoice_date",),
)
"""Distribution information. An invoice number alone is no key: a reminder has that of its invoice."""

STREAMS: Mapping[str, Stream] = {stream.name: stream for stream in (DISTRIBUTED, PAID, SETTLED)}
"""The lists that are read by days, in the order in which they are read."""

CASES = "cases"
"""The name of the stream of cases; each case is read by a call of its own."""

CASE_OPERATION = evolve(CASE, repeatable=True)


def case_of(found: Any, number: int, converter: Converter) -> tuple[SeenRecord, str] | None:
    """Return the case of an answer, and the digest of those parts that do not change by themselves.

    It returns None if the answer holds no case, or names another case than was asked for. A case without a
    number counts as the one that was asked for.
    """
    case = Names(converter, CaseDetails).get(found, "case")
    if not isinstance(case, dict):
        return None
    raw = cast("RawRecord", case)
    answered_id = of_summary(raw, "case_id", converter)
    if answered_id is not None and str(answered_id) != str(number):
        return None
    content = lasting(raw, converter)
    steady = without(content, Names(converter, Case).of["balance"])
    return SeenRecord(digest([CASES, str(number)]), digest(content), None, raw), digest(steady)


def of_summary(case: object, attribute: str, converter: Converter) -> Any:
    """Return the value of an attribute of a case's summary; None if the case has none."""
    return Names(converter, CaseSummary).get(Names(converter, Case).get(case, "summary"), attribute)


def lasting(case: RawRecord, converter: Converter) -> RawRecord:
    """Return a case without the number of days since it was opened, which changes every day."""
    names, summary = Names(converter, Case), Names(converter, CaseSummary)
    return without(case, names.of["summary"], summary.of["active_days"])
