"""The repository of the sandbox: records of one class, kept whole and found by their columns."""

from datetime import date

import pytest
from attrs import evolve, frozen

from confirma_async.sandbox.store.database import Database
from confirma_async.sandbox.store.repository import Repository, TableOf


@frozen(kw_only=True)
class Parcel:
    """A record of every kind of column."""

    id: int = 0
    owner: str
    day: date
    shelf: int | None = None
    note: str = ""


PARCELS = TableOf(
    record=Parcel,
    name="parcels",
    columns={"owner": "TEXT NOT NULL", "day": "TEXT NOT NULL", "shelf": "INTEGER"},
    indexes=[("owner", "day")],
    first_id=501,
)


def parcel(owner: str, day: int, shelf: int | None = None) -> Parcel:
    return Parcel(owner=owner, day=date(2026, 3, day), shelf=shelf)


@pytest.fixture
def parcels():
    database = Database(None, PARCELS.schema)
    yield Repository(database, PARCELS)
    database.close()


def test_a_new_record_gets_the_next_number(parcels):
    assert [parcels.put(parcel("a", day)).id for day in (1, 2)] == [501, 502]


def test_a_record_that_brings_its_number_keeps_it(parcels):
    parcels.put(evolve(parcel("a", 1), id=7))
    assert parcels.get(7).owner == "a"
    assert parcels.put(parcel("b", 1)).id == 8


def test_a_changed_record_takes_the_place_of_the_old_one(parcels):
    kept = parcels.put(parcel("a", 1))
    parcels.put(evolve(kept, owner="b", note="moved"))
    assert parcels.find(owner="a") == []
    assert parcels.find(owner="b") == [evolve(kept, owner="b", note="moved")]


def test_records_are_found_by_all_columns_that_are_named_in_order_of_arrival(parcels):
    first, _, third = [parcels.put(parcel(*each)) for each in (("a", 2, 1), ("a", 1, 2), ("a", 1, 1))]
    assert parcels.find(owner="a", shelf=1) == [first, third]
    assert parcels.find(owner="b") == []


def test_none_finds_what_has_no_value_there(parcels):
    parcels.put(parcel("a", 1, 1))
    free = parcels.put(parcel("a", 1))
    assert parcels.find(shelf=None) == [free]
    assert (parcels.count(), parcels.count(shelf=None)) == (2, 1)


def test_a_window_of_days_includes_both_ends(parcels):
    kept = [parcels.put(parcel("a", day)) for day in (1, 2, 3, 4)]
    assert parcels.find(owner="a", days=(date(2026, 3, 2), date(2026, 3, 3))) == kept[1:3]


def test_a_number_beyond_64_bits_finds_nothing(parcels):
    parcels.put(parcel("a", 1, 1))
    assert parcels.find(id=2**63) == parcels.find(shelf=-(2**70)) == []


def test_a_dropped_record_is_gone(parcels):
    kept = parcels.put(parcel("a", 1))
    parcels.drop(kept.id)
    assert parcels.count() == 0
