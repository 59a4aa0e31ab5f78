"""Compares the records of a window with the known ones, of which several may be equal."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from attrs import define, field, frozen

from confirma_async.mirror.streams import SeenRecord

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@frozen
class KnownRecord:
    """A record that the mirror has.

    Attributes:
        id: The number that the mirror gave it.
        base: The digest of what identifies it: its key, or all its contents.
        hash: The digest of its latest contents.
        first_day: Its earliest day, in ISO 8601; empty if it has none.
        last_day: Its latest day, in ISO 8601; empty if it has none.
        revision: The number of its latest version.
        missed_at: When a proved window first lacked it; None if none did.
        gone_since: Since when it counts as gone; None if it does not.
    """

    id: int
    base: str
    hash: str
    first_day: str
    last_day: str
    revision: int
    missed_at: str | None
    gone_since: str | None


@define
class Matching:
    """The result of comparing known records with those of a new reading.

    Attributes:
        same: Known records that are unchanged.
        changed: Known records, each with its new contents.
        new: Records that were not known.
        absent: Known records that the reading lacks.
        doubtful: By index in ``new``, the id of the known record of which the new one may be a version.
    """

    same: list[KnownRecord] = field(factory=list[KnownRecord])
    changed: list[tuple[KnownRecord, SeenRecord]] = field(factory=list[tuple[KnownRecord, SeenRecord]])
    new: list[SeenRecord] = field(factory=list[SeenRecord])
    absent: list[KnownRecord] = field(factory=list[KnownRecord])
    doubtful: dict[int, int] = field(factory=dict[int, int])


def compare(known: Iterable[KnownRecord], seen: Iterable[SeenRecord]) -> Matching:
    """Compare known records with those of a new reading.

    Among the records of one base, those of equal contents are the same. The others are paired in their order,
    and count as changed.
    """
    found = Matching()
    before = grouped((each.base, each) for each in known)
    for base, records in grouped((record.base, record) for record in seen).items():
        _compare(before.pop(base, []), records, found)
    for left in before.values():
        found.absent += left
    return found


def _compare(known: list[KnownRecord], seen: list[SeenRecord], found: Matching) -> None:
    if len(known) == len(seen) == 1 and known[0].hash == seen[0].hash:  # as it nearly always is
        found.same.append(known[0])
        return
    listed_first = sorted(known, key=lambda each: (each.gone_since is not None, each.id))
    by_hash = grouped((each.hash, each) for each in listed_first)
    rest: list[SeenRecord] = []
    for record in seen:
        if by_hash[record.hash]:
            found.same.append(by_hash[record.hash].pop(0))
        else:
            rest.append(record)
    left = sorted((each for group in by_hash.values() for each in group), key=lambda each: each.id)
    found.changed += zip(left, rest, strict=False)
    found.new += rest[len(left) :]
    found.absent += left[len(rest) :]


def pair(
    found: Matching, known: Mapping[int, Sequence[Hashable]], seen: Callable[[SeenRecord], Sequence[Hashable]]
) -> None:
    """Find changed records that have no key: an absent and a new one have a trait in common.

    They count as one changed record only if no other absent or new record has the same trait. If others do,
    the new ones are put into ``doubtful``.

    Args:
        found: The result of the comparison; it is changed.
        known: The traits of the absent records, by their ids; the one that proves most comes first.
        seen: Returns the traits of a new record, in the same order.
    """
    of_new = [seen(record) for record in found.new]
    taken_known: set[int] = set()
    taken_new: set[int] = set()
    for strength in range(len(of_new[0]) if of_new else 0):
        left = [each for each in found.absent if each.id not in taken_known and each.id in known]
        rest = [index for index in range(len(found.new)) if index not in taken_new]
        here = grouped((known[each.id][strength], each) for each in left)
        there = grouped((of_new[index][strength], index) for index in rest)
        for trait, group in there.items():
            others = here.get(trait, [])
            if len(group) == len(others) == 1:
                taken_known.add(others[0].id)
                taken_new.add(group[0])
                found.changed.append((others[0], found.new[group[0]]))
                found.doubtful.pop(group[0], None)
            elif others:
                found.doubtful |= {index: others[0].id for index in group if index not in found.doubtful}
    places = [index for index in range(len(found.new)) if index not in taken_new]
    found.doubtful = {
        place: found.doubtful[index] for place, index in enumerate(places) if index in found.doubtful
    }
    found.new = [found.new[index] for index in places]
    found.absent = [each for each in found.absent if each.id not in taken_known]


def grouped(items: Iterable[tuple[K, T]]) -> defaultdict[K, list[T]]:
    """Return the items of each key, in the order in which they come."""
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for key, item in items:
        groups[key].append(item)
    return groups


def lies_within(known: KnownRecord, first: datetime.date, last: datetime.date) -> bool:
    """Say whether all days of a record lie within a window, so that a list of the window must hold it."""
    return (
        bool(known.first_day) and known.first_day >= first.isoformat() and known.last_day <= last.isoformat()
    )
