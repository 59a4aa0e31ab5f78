"""The public class of the sandbox: start it, use it and close it."""

from __future__ import annotations

import errno
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Self

from aiohttp import web
from attrs import evolve, frozen

from confirma_async import bounds
from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError
from confirma_async.sandbox.app import AppContext, make_app, routes
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.clock import ClockReading, VirtualClock
from confirma_async.sandbox.controls import OWN_CLIENT, Controls
from confirma_async.sandbox.faults import Faults
from confirma_async.sandbox.openapi import document
from confirma_async.sandbox.rules.einvoice_directory import EXAMPLES
from confirma_async.sandbox.rules.invoices import SERVICES, TRANSITIONS
from confirma_async.sandbox.rules.terms import DEFAULT_TERMS, Terms
from confirma_async.sandbox.store import SandboxClient, Store, StoredInvoice
from confirma_async.sandbox.store.records import DirectoryEntry
from confirma_async.schemas import ServiceType
from confirma_async.settings import is_loopback

_PROVISIONING_TOKEN = "provisioning_token"  # noqa: S105 (the name it is kept under)
_VIRTUAL_TIME, _REAL_TIME = "virtual_time", "real_time"

_SHUTDOWN_SECONDS = 0.5
"""Seconds that closing waits for requests under way, such as one that a LATENCY fault delays."""

_BACKLOG = 1024

_BIND_REASONS = {
    errno.EADDRINUSE: "it is in use; name another port, or 0 for any free one",
    errno.EACCES: "only an administrator may use it; name a port over 1023, or 0 for any free one",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


@frozen(kw_only=True)
class _Running:
    """The parts of a sandbox that is listening."""

    backend: Backend
    runner: web.AppRunner
    url: str


class Sandbox(Controls):
    """The service on localhost, over real HTTP. ``x-sandbox`` on each answer says that it is a sandbox.

    It serves every endpoint of the contract, and does what the service does over time. What no endpoint does,
    such as a debtor's payment, is a method here. Use it with ``async with``, or ``start()`` and ``close()``.

    Args:
        host: A loopback address to listen on; no other is accepted.
        port: The port, up to 65,535; 0 takes any free one.
        db: A file that keeps keys, invoices and the time across restarts; None keeps them in memory. Bodies
            are kept whole, so use a file for a job of very many invoices.
        clock: The virtual clock; unless given, one that moves only when it is advanced.
        overrides: Corrections of provisional paths and names; give those of the client under test.
        service: ``LIFECYCLE`` or ``INTERMEDIATION`` (the latter's spelling is provisional, contract §3): the
            service that new invoices of the sandbox's own client go through.
        terms: Timing, fees and rates of reminders, interest and settlements.

    Attributes:
        clock: The virtual clock, which decides the time of everything in the sandbox.
        faults: The faults of coming requests; add some by ``faults.add``.
        requests: The number of requests that reached the server, by operation; those with a fault count, too.

    Raises:
        ConfigurationError: the host is not this machine, or an argument makes no sense.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        db: str | Path | None = None,
        clock: VirtualClock | None = None,
        overrides: Overrides | None = None,
        service: str = ServiceType.LIFECYCLE,
        terms: Terms = DEFAULT_TERMS,
    ) -> None:
        if not is_loopback(host):
            raise ConfigurationError(
                "the sandbox listens on this machine only; use 127.0.0.1, ::1 or localhost as its host"
            )
        bounds.PORT.check("port", port)
        _check_service(service)
        self.clock: VirtualClock = clock or VirtualClock()
        self.faults: Faults = Faults()
        self.requests: Counter[str] = Counter()
        # "localhost" may be two addresses, and port 0 would then be two ports.
        self._host = "127.0.0.1" if host == "localhost" else host
        self._port = port
        self._db = db
        self._overrides = overrides or Overrides()
        self._routes = routes(self._overrides)
        self._service = service
        self._terms = terms
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """The base URL to call: scheme, host and port; known once the sandbox has started."""
        return self._while_running().url

    @property
    def api_key(self) -> str:
        """The token of the sandbox's own client; known once the sandbox has started."""
        return self._client(OWN_CLIENT).api_key

    @property
    def provisioning_token(self) -> str:
        """The token that onboarding requires (contract §1); known once the sandbox has started."""
        return self._backend.provisioning_token

    @property
    def _backend(self) -> Backend:
        return self._while_running().backend

    async def start(self) -> None:
        """Open the database and listen.

        Raises:
            ConfigurationError: the sandbox runs already, the port is taken, or the database cannot be used.
        """
        if self._running is not None:
            raise ConfigurationError("this sandbox is running already")
        store = Store(self._db, TRANSITIONS)
        try:
            self._running = await self._listen(self._restore(store))
        except BaseException:
            store.close()
            raise
        self.clock.watch(self._keep_time)

    async def close(self) -> None:
        """Stop listening, give requests half a second, and close the database. Closing twice is fine."""
        running = self._running
        if running is None:
            return
        self.clock.unwatch(self._keep_time)
        self._keep_time()
        self._running = None
        try:
            await running.runner.cleanup()
        finally:
            running.backend.store.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def add_client(self, name: str, service: str | None = None) -> str:
        """Add a client of the service and return its API key; a name that exists keeps its key.

        Args:
            name: The client's name in the sandbox.
            service: The service that its new invoices go through; the sandbox's own unless given.

        Raises:
            ConfigurationError: the sandbox is not running, or there is no such service.
        """
        chosen = self._service if service is None else service
        _check_service(chosen)
        return _add_client(self._backend, name, chosen).api_key

    def invoices(self) -> list[StoredInvoice]:
        """Return every stored invoice with its present status, also duplicates, in the order of arrival.

        Raises:
            ConfigurationError: the sandbox is not running.
        """
        self._backend.now()
        return self._backend.store.invoices.all()

    def _while_running(self) -> _Running:
        if self._running is None:
            raise ConfigurationError("the sandbox is not running; use `async with Sandbox() as sandbox:`")
        return self._running

    def _restore(self, store: Store) -> Backend:
        accounts = store.accounts
        virtual, real = accounts.fact(_VIRTUAL_TIME), accounts.fact(_REAL_TIME)
        if virtual is not None and real is not None and not self.clock.has_given_start:
            self.clock.resume(ClockReading(datetime.fromisoformat(virtual), datetime.fromisoformat(real)))
        backend = Backend(
            store=store,
            clock=self.clock,
            converter=Converter(self._overrides.names),
            terms=self._terms,
            provisioning_token=accounts.fact(_PROVISIONING_TOKEN) or str(uuid.uuid4()),
        )
        accounts.put_facts({_PROVISIONING_TOKEN: backend.provisioning_token, **_times(self.clock)})
        _add_client(backend, OWN_CLIENT, self._service)
        if not store.einvoice_directory.count():
            for business_id, addresses in EXAMPLES.items():
                for address in addresses:
                    store.einvoice_directory.put(DirectoryEntry(business_id=business_id, address=address))
        return backend

    def _keep_time(self) -> None:
        self._backend.store.accounts.put_facts(_times(self.clock))

    async def _listen(self, backend: Backend) -> _Running:
        context = AppContext(
            backend=backend,
            controls=self,
            routes=self._routes,
            document=cache(lambda: backend.converter.encode(document(self._overrides))),
            overrides=self._overrides,
        )
        runner = web.AppRunner(
            make_app(context),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            reason = _BIND_REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
            raise ConfigurationError(
                f"the sandbox cannot listen on port {self._port} of {self._host}: {reason}"
            ) from error
        host, port = runner.addresses[0][:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return _Running(backend=backend, runner=runner, url=url)


def _add_client(backend: Backend, name: str, service: str) -> SandboxClient:
    known = backend.store.accounts.by_name(name)
    if known is None:
        known = SandboxClient(
            name=name,
            api_key=str(uuid.uuid4()),
            service=service,
            expires_at=backend.token_expiry(),
        )
    return backend.store.accounts.put(evolve(known, service=service))


def _times(clock: VirtualClock) -> Mapping[str, str]:
    reading = clock.reading()
    return {_VIRTUAL_TIME: reading.virtual.isoformat(), _REAL_TIME: reading.real.isoformat()}


def _check_service(service: str) -> None:
    if service not in SERVICES:
        raise ConfigurationError(f"the sandbox lives through {' and '.join(SERVICES)} only")
