"""Partitions between hosts: who loses whom, for how long, and what a worker must not do meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import define, field, frozen
from killing.hasty_worker import LEASE, MOMENT
from network.hosts import Host, Hosts

Cut = contextlib.AbstractContextManager[None]


def _both_ways(hosts: Hosts, one: Host, other: Host) -> list[Cut]:
    return [hosts.losing(one, other), hosts.losing(other, one)]


def _nobody(_: Hosts, __: Host) -> Sequence[Host]:
    return ()


def _this_one(_: Hosts, worker: Host) -> Sequence[Host]:
    return (worker,)


@frozen
class _Kind:
    """What is cut, of a network and one of its workers.

    Attributes:
        cuts: What is lost.
        silent: Which workers get no answer of the database.
    """

    cuts: Callable[[Hosts, Host], Sequence[Cut]]
    silent: Callable[[Hosts, Host], Sequence[Host]] = _nobody


_KINDS: Mapping[str, _Kind] = {
    "worker and database": _Kind(lambda net, worker: _both_ways(net, worker, net.database), _this_one),
    "worker to database": _Kind(lambda net, worker: [net.losing(worker, net.database)], _this_one),
    "database to worker": _Kind(lambda net, worker: [net.losing(net.database, worker)], _this_one),
    "database and everyone": _Kind(lambda net, _: [net.unplugged(net.database)], lambda net, _: net.workers),
    "worker and service": _Kind(lambda net, worker: _both_ways(net, worker, net.service)),
    "worker to service": _Kind(lambda net, worker: [net.losing(worker, net.service)]),
    "service to worker": _Kind(lambda net, worker: [net.losing(net.service, worker)]),
    "service and everyone": _Kind(lambda net, _: [net.unplugged(net.service)]),
    "worker and everyone": _Kind(lambda net, worker: [net.unplugged(worker)], _this_one),
}
"""By who loses whom; where it says "to", what goes the other way arrives."""

_LENGTHS: Mapping[str, tuple[float, float]] = {"shorter": (0.2, 0.8), "longer": (1.3, 2.5)}
"""How long one lasts, in leases."""


@frozen
class Partition:
    """What is cut, and for how long.

    Attributes:
        who: Who loses whom.
        length: Whether it lasts for a shorter time than the lease, or for a longer one.
    """

    who: str
    length: str

    def __str__(self) -> str:
        return f"{self.who}, {self.length} than the lease"


ALL = tuple(Partition(who, length) for who, length in itertools.product(_KINDS, _LENGTHS))


@frozen
class _Silence:
    """A time in which a host had no answer of the database: moments of ``time.monotonic``."""

    host: Host
    since: float
    until: float


@define
class Partitions:
    """The partitions of one network, several at once.

    Attributes:
        hosts: The network.
        folder: Where workers write down when they send.
        dice: Decides how long each lasts.
    """

    hosts: Hosts
    folder: Path
    dice: random.Random
    _under_way: set[asyncio.Task[None]] = field(init=False, factory=set[asyncio.Task[None]])
    _silences: list[_Silence] = field(init=False, factory=list[_Silence])

    def starts_of(self, host: Host) -> Path:
        """Return the file that workers of a host write down in when they send."""
        return self.folder / host.name

    def begin(self, partition: Partition, worker: Host) -> None:
        """Begin one, which heals by itself; where it is of one worker, it is of this one."""
        lasting = self.dice.uniform(*_LENGTHS[partition.length]) * LEASE
        task = asyncio.create_task(self._cut(partition, worker, lasting))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def heal(self) -> None:
        """Wait until all are over."""
        await asyncio.gather(*self._under_way)

    async def _cut(self, partition: Partition, worker: Host, seconds: float) -> None:
        kind = _KINDS[partition.who]
        with contextlib.ExitStack() as stack:
            for cut in kind.cuts(self.hosts, worker):
                stack.enter_context(cut)
            since = time.monotonic()
            await asyncio.sleep(seconds)
            until = time.monotonic()
            self._silences += [_Silence(host, since, until) for host in kind.silent(self.hosts, worker)]

    def sent_without_database(self) -> tuple[int, int]:
        """Count what workers sent though they had had no answer of the database for a whole lease.

        Returns:
            How many invoices; and how many seconds there were of such times, which must not be none.
        """
        late, seconds = 0, 0.0
        for silence in self._silences:
            since = silence.since + LEASE
            seconds += max(0.0, silence.until - since)
            file = self.starts_of(silence.host)
            if file.exists():
                moments = Counter(moment for (moment,) in MOMENT.iter_unpack(file.read_bytes()))
                late += sum(since < moment < silence.until and not moments[-moment] for moment in moments)
        return late, round(seconds)
