"""Hosts of their own on one machine, and what gets lost between them: network namespaces, joined by a bridge.

All of it lives in namespaces that no other process sees, and that go when the first process in them ends:
nothing of the machine is touched, and nothing is left, whatever dies.

The addresses are of loopback, since a client sends over plain HTTP to no others. Each host has one at its
cable, and knows how to find the others'.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Sequence

from attrs import define, field, frozen

INSIDE = "CONFIRMA_BENCHMARK_HOSTS"
"""Set in the environment of a process that has namespaces of its own."""

_OWN = ("unshare", "--net", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child")

_FIRST = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && "$0" "$@"; exit $?'
"""What the first process runs: names of namespaces of their own, then a command. A shell, since it collects
processes that others have left; a server is one."""

_TRIAL = (
    "ip netns add trial && ip link add name trial0 type bridge && ip link add name trial1 type veth "
    "peer name trial2 netns trial && ip netns exec trial true"
)

_NETWORK = "127.77.0.{}"
_CABLE = "eth0"
_SWITCH = "switch"
_NOBODY = "02:00:00:00:00:00"
"""An address of hardware that none of them has."""


def missing() -> str | None:
    """Return why hosts cannot be had on this machine; None where they can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    programs = [name for name in ("unshare", "nsenter", "ip", "mount") if shutil.which(name) is None]
    if programs:
        return f"not installed: {', '.join(programs)}"
    tried = subprocess.run(
        [*_OWN, "sh", "-c", _FIRST, "sh", "-ec", _TRIAL], check=False, capture_output=True, text=True
    )
    return tried.stderr.strip() or "namespaces cannot be made" if tried.returncode else None


def run_inside(command: Sequence[str]) -> int:
    """Run a command in namespaces of its own; return its exit code."""
    environment = {**os.environ, INSIDE: "1"}
    return subprocess.run([*_OWN, "sh", "-c", _FIRST, *command], check=False, env=environment).returncode


@frozen
class Host:
    """A host of its own.

    Attributes:
        name: Its name, and that of its namespace.
        address: Its address.
    """

    name: str
    address: str

    def enter(self) -> None:
        """Have the thread that calls it, and whatever it begins from then on, be on this host."""
        namespace = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(namespace, 0):
                raise OSError(ctypes.get_errno(), f"the host {self.name} cannot be entered")
        finally:
            os.close(namespace)

    def command(self, words: Sequence[str], user: str | None = None) -> list[str]:
        """Return the command line that runs another one on this host, as a user where one is named."""
        rights: list[str] = []
        if user is not None:
            found = pwd.getpwnam(user)
            rights = [f"--setgid={found.pw_gid}", f"--setuid={found.pw_uid}"]
        return ["nsenter", f"--net=/run/netns/{self.name}", *rights, *words]

    def join(self) -> None:
        """Make it, and join it to the others."""
        _ip(f"netns add {self.name}")
        _ip(f"-n {_SWITCH} link add name {self.name} type veth peer name {_CABLE} netns {self.name}")
        _ip(f"-n {_SWITCH} link set dev {self.name} master bridge up")
        # Addresses of loopback that are not this host's own are to be looked for at the cable.
        subprocess.run(
            self.command(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet"]), check=True
        )
        _ip(f"-n {self.name} link set dev lo up")
        _ip(f"-n {self.name} addr del 127.0.0.1/8 dev lo")
        _ip(f"-n {self.name} addr add 127.0.0.1/32 dev lo")
        _ip(f"-n {self.name} link set dev {_CABLE} up")
        self.take(self.address)

    def take(self, address: str) -> None:
        """Answer to an address, which may have been another one's before."""
        _ip(f"-n {self.name} addr add {address}/24 dev {_CABLE}")


@define
class Hosts:
    """A network of a database with a replica, a service, and workers.

    Attributes:
        database: The host of the database.
        replica: The one that may take its place, and then its address.
        service: The one of the service.
        workers: Those of the workers.
    """

    database: Host
    replica: Host
    service: Host
    workers: Sequence[Host]
    _lost: Counter[tuple[Host, Host]] = field(init=False, factory=Counter[tuple[Host, Host]])
    _unplugged: Counter[Host] = field(init=False, factory=Counter[Host])

    @classmethod
    def of(cls, workers: int) -> Hosts:
        """Make one with so many workers; belongs into namespaces of its own (``run_inside``)."""
        _ip(f"netns add {_SWITCH}")
        _ip(f"-n {_SWITCH} link add name bridge type bridge")
        _ip(f"-n {_SWITCH} link set dev bridge up")
        names = ("database", "replica", "service", *(f"worker-{number}" for number in range(workers)))
        hosts = [Host(name, _NETWORK.format(place)) for place, name in enumerate(names, 1)]
        for host in hosts:
            host.join()
        database, replica, service, *others = hosts
        return cls(database, replica, service, others)

    @contextlib.contextmanager
    def losing(self, sender: Host, receiver: Host) -> Generator[None]:
        """Have all that one host sends to another get lost, and nobody told."""
        way = (sender, receiver)
        self._lost[way] += 1
        if self._lost[way] == 1:
            _ip(f"{_neighbour('replace', *way)} lladdr {_NOBODY} nud permanent")
        try:
            yield
        finally:
            self._lost[way] -= 1
            if not self._lost[way]:
                _ip(_neighbour("del", *way))

    @contextlib.contextmanager
    def unplugged(self, host: Host) -> Generator[None]:
        """Have the cable of a host pulled out."""
        self._unplugged[host] += 1
        if self._unplugged[host] == 1:
            _ip(f"-n {_SWITCH} link set dev {host.name} down")
        try:
            yield
        finally:
            self._unplugged[host] -= 1
            if not self._unplugged[host]:
                _ip(f"-n {_SWITCH} link set dev {host.name} up")

    def fail_over(self) -> None:
        """Have the replica take the address of the database, which is gone for good."""
        _ip(f"-n {_SWITCH} link set dev {self.database.name} down")
        self.replica.take(self.database.address)
        for host in (self.service, *self.workers):
            _ip(f"-n {host.name} neigh flush dev {_CABLE}")
        self.database = Host(self.replica.name, self.database.address)


def _neighbour(action: str, sender: Host, receiver: Host) -> str:
    return f"-n {sender.name} neigh {action} {receiver.address} dev {_CABLE}"


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)
