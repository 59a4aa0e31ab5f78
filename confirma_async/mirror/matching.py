"""Compares the records of a window with the known ones, as multisets: equal records may occur twice."""

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
    """A record as the mirror has it.

    Attributes:
        id: The mirror's number of it.
        base: A digest of what identifies it: its key, or all its contents.
        hash: The digest of its latest content.
        first_day: Its earliest day, in ISO 8601; empty where it has none.
        last_day: Its latest day, likewise.
        revision: The number of its latest version.
        missed_at: When a proved window first lacked it.
        gone_since: Since when it counts as gone.
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
    """The result of comparing known records with those that were seen.

    Attributes:
        same: Known records that are unchanged.
        changed: Known records, each with its new contents.
        new: Records that were not known.
        absent: Known records that were not seen.
        doubtful: Places in ``new``, each with the known record that the new one may be a version of.
    """

    same: list[KnownRecord] = field(factory=list[KnownRecord])
    changed: list[tuple[KnownRecord, SeenRecord]] = field(factory=list[tuple[KnownRecord, SeenRecord]])
    new: list[SeenRecord] = field(factory=list[SeenRecord])
    absent: list[KnownRecord] = field(factory=list[KnownRecord])
    doubtful: dict[int, int] = field(factory=dict[int, int])


def compare(known: Iterable[KnownRecord], seen: Iterable[SeenRecord]) -> Matching:
    """Compare what is known of some records with what was seen of them.

    Of the records with one base, those of equal contents are the same. The rest are paired in order, as
    changed.
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
    """Find changed records that have no key: one is absent, one is new, and their marks are equal.

    A pair counts as a change only if no other absent or new record has the same mark. Where there are
    several, the new ones are marked as doubtful.

    Args:
        found: The result of the comparison; it is changed.
        known: The marks of the absent records, by their ids; the strongest mark first.
        seen: Returns the marks of a new record, likewise.
    """
    of_new = [seen(record) for record in found.new]
    taken_known: set[int] = set()
    taken_new: set[int] = set()
    for strength in range(len(of_new[0]) if of_new else 0):
        left = [each for each in found.absent if each.id not in taken_known and each.id in known]
        rest = [index for index in range(len(found.new)) if index not in taken_new]
        here = grouped((known[each.id][strength], each) for each in left)
        there = grouped((of_new[index][strength], index) for index in rest)
        for mark, group in there.items():
            others = here.get(mark, [])
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
    """Return items by their marks, each group in the order in which they come."""
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for mark, item in items:
        groups[mark].append(item)
    return groups


def lies_within(known: KnownRecord, first: datetime.date, last: datetime.date) -> bool:
    """Say whether all days of a record lie within a window, so that a list of the window must hold it."""
    return (
        bool(known.first_day) and known.first_day >= first.isoformat() and known.last_day <= last.isoformat()
    )
