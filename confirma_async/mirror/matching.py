"""What a window was against what it is: a comparison of multisets, since equal records are not one."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from attrs import define, field, frozen

from confirma_async.mirror.streams import SeenRecord

T = TypeVar("T")


@frozen
class Known:
    """A record as the mirror has it.

    Attributes:
        id: The mirror's name for it.
        base: What tells it apart.
        hash: The digest of its latest content.
        first_day: The earliest day that it bears; empty where it bears none.
        last_day: The latest.
        revision: The number of its latest form.
        missed_at: When a proved window lacked it first.
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
    """What is the same, what is another, and what is not there.

    Attributes:
        same: Records that are as they were.
        changed: Records with what has become of them.
        new: Records that were not known.
        absent: Known records that were not seen.
        doubtful: New records by their place in ``new``, with the known one that each may be another form of.
    """

    same: list[Known] = field(factory=list[Known])
    changed: list[tuple[Known, SeenRecord]] = field(factory=list[tuple[Known, SeenRecord]])
    new: list[SeenRecord] = field(factory=list[SeenRecord])
    absent: list[Known] = field(factory=list[Known])
    doubtful: dict[int, int] = field(factory=dict[int, int])


def compare(known: Iterable[Known], seen: Iterable[SeenRecord]) -> Matching:
    """Compare what is known of some records with what was seen of them.

    Within what has one base, equal contents belong together; of the rest, one after the other is changed.
    """
    found = Matching()
    before: dict[str, list[Known]] = defaultdict(list)
    for each in known:
        before[each.base].append(each)
    now: dict[str, list[SeenRecord]] = defaultdict(list)
    for record in seen:
        now[record.base].append(record)
    for base, records in now.items():
        _compare(before.pop(base, []), records, found)
    for left in before.values():
        found.absent += left
    return found


def _compare(known: list[Known], seen: list[SeenRecord], found: Matching) -> None:
    if len(known) == len(seen) == 1 and known[0].hash == seen[0].hash:  # as it nearly always is
        found.same.append(known[0])
        return
    by_hash: dict[str, list[Known]] = defaultdict(list)
    for each in sorted(known, key=lambda each: (each.gone_since is not None, each.id)):
        by_hash[each.hash].append(each)
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
    """Find records without a key that changed: one is gone, one is new, and both are about the same thing.

    Only what is the one record of its kind on both sides is taken for a change. Where there are several, the
    new ones are marked as what may be another form of a known one.

    Args:
        found: What was compared; it is changed.
        known: Marks of the absent records, the strongest first; equal marks are about the same thing.
        seen: The same of a new record.
    """
    of_new = [seen(record) for record in found.new]
    taken_known: set[int] = set()
    taken_new: set[int] = set()
    for strength in range(len(of_new[0]) if of_new else 0):
        left = [each for each in found.absent if each.id not in taken_known and each.id in known]
        rest = [index for index in range(len(found.new)) if index not in taken_new]
        here = _grouped((known[each.id][strength], each) for each in left)
        there = _grouped((of_new[index][strength], index) for index in rest)
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


def _grouped(items: Iterable[tuple[Hashable, T]]) -> dict[Hashable, list[T]]:
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for mark, item in items:
        groups[mark].append(item)
    return groups


def lies_within(known: Known, first: datetime.date, last: datetime.date) -> bool:
    """Say whether a record lies wholly within some days, so that a list of them would have told it."""
    return (
        bool(known.first_day) and known.first_day >= first.isoformat() and known.last_day <= last.isoformat()
    )
