"""The sandbox as its users hold it: started, asked and stopped."""

from __future__ import annotations

import errno
import uuid
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError
from confirma_async.sandbox.app import Reception, make_app, routes
from confirma_async.sandbox.clock import ClockReading, VirtualClock
from confirma_async.sandbox.faults import Faults
from confirma_async.sandbox.handlers import World
from confirma_async.sandbox.lifecycle import LIFECYCLE, SERVICES, TRANSITIONS
from confirma_async.sandbox.store import Client, Store, StoredInvoice
from confirma_async.settings import is_loopback

OWN_CLIENT = "sandbox"
"""The name of the client that ``Sandbox.api_key`` belongs to."""

_PROVISIONING_TOKEN = "provisioning_token"  # noqa: S105 (the name it is kept under)
_VIRTUAL_TIME, _REAL_TIME = "virtual_time", "real_time"

_SHUTDOWN_SECONDS = 0.5
"""How long closing waits for requests under way, e.g. one that a LATENCY fault holds."""

_BACKLOG = 1024

_BIND_REASONS = {
    errno.EADDRINUSE: "it is in use; name another port, or 0 for any free one",
    errno.EACCES: "only an administrator may use it; name a port over 1023, or 0 for any free one",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class Sandbox:
    """The service on localhost, over real HTTP. It never claims to be the vendor's: see ``x-sandbox``.

    It serves token validation, invoice creation and distribution information; every other endpoint of the
    contract answers 501. Use it with ``async with``, or ``start()`` and ``close()``.

    Args:
        host: A loopback address to listen on; no other is accepted.
        port: The port; 0 takes any free one.
        db: A file that keeps keys, invoices and the time across restarts; None keeps them in memory. Whole
            bodies are kept, so a job of very many invoices wants a file.
        clock: The clock to live by; unless given, one that stands still.
        overrides: Corrections of provisional paths and names, as the client under test has them.
        service: ``LIFECYCLE`` or ``INTERMEDIATION`` (the latter's spelling is provisional, contract §3): what
            the invoices of the sandbox's own client live through from now on.

    Attributes:
        clock: The virtual clock.
        faults: Faults to order.
        requests: How many requests reached the server, by operation name, counted before any fault.

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
        service: str = LIFECYCLE,
    ) -> None:
        if not is_loopback(host):
            raise ConfigurationError(
                "the sandbox listens on this machine only; use 127.0.0.1, ::1 or localhost as its host"
            )
        if not 0 <= port <= 65535:
            raise ConfigurationError("a port is between 0 and 65535")
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
        self._clients: dict[str, Client] = {}
        self._provisioning_token = ""
        self._url = ""
        self._store: Store | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Scheme, host and port to call; known once started."""
        return self._started(self._url)

    @property
    def api_key(self) -> str:
        """The token of the sandbox's own client; known once started."""
        return self._started(next((key for key, it in self._clients.items() if it.name == OWN_CLIENT), ""))

    @property
    def provisioning_token(self) -> str:
        """The token that onboarding wants (contract §1); known once started."""
        return self._started(self._provisioning_token)

    async def start(self) -> None:
        """Opens the database and listens.

        Raises:
            ConfigurationError: it runs already, the port cannot be had, or the database cannot be used.
        """
        if self._store is not None:
            raise ConfigurationError("this sandbox is running already")
        self._store = store = Store(self._db, TRANSITIONS)
        try:
            self._restore(store)
            await self._listen(store)
        except BaseException:
            await self._stop(store)
            raise
        self.clock.watch(self._keep_time)

    async def close(self) -> None:
        """Stops listening and closes the database; requests under way get half a second. Repeatable."""
        store = self._store
        if store is not None:
            self.clock.unwatch(self._keep_time)
            self._keep_time()
            await self._stop(store)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def add_client(self, name: str, service: str | None = None) -> str:
        """Adds a client of the service and returns its API key; a name that exists keeps its key.

        Args:
            name: What to call it.
            service: What its invoices live through from now on; the sandbox's own unless said otherwise.

        Raises:
            ConfigurationError: the sandbox is not running, or there is no such service.
        """
        chosen = self._service if service is None else service
        _check_service(chosen)
        known = {client.name: client.api_key for client in self._clients.values()}
        client = Client(name=name, api_key=known.get(name) or str(uuid.uuid4()), service=chosen)
        self._running().put_client(client)
        self._clients[client.api_key] = client
        return client.api_key

    def invoices(self) -> list[StoredInvoice]:
        """Every invoice that was stored, duplicates too, in order of arrival, as it stands now.

        Raises:
            ConfigurationError: the sandbox is not running.
        """
        store = self._running()
        store.advance(self.clock.now())
        return store.invoices()

    def _running(self) -> Store:
        if self._store is None:
            raise ConfigurationError("the sandbox is not running; use `async with Sandbox() as sandbox:`")
        return self._store

    def _started(self, value: str) -> str:
        if not value:
            raise ConfigurationError("the sandbox has not been started; use `async with Sandbox() as ...:`")
        return value

    def _restore(self, store: Store) -> None:
        virtual, real = store.get(_VIRTUAL_TIME), store.get(_REAL_TIME)
        if virtual is not None and real is not None and not self.clock.has_given_start:
            self.clock.resume(ClockReading(datetime.fromisoformat(virtual), datetime.fromisoformat(real)))
        self._provisioning_token = store.get(_PROVISIONING_TOKEN) or str(uuid.uuid4())
        store.put({_PROVISIONING_TOKEN: self._provisioning_token})
        self._keep_time()
        self._clients = {client.api_key: client for client in store.clients()}
        self.add_client(OWN_CLIENT)

    def _keep_time(self) -> None:
        reading = self.clock.reading()
        self._running().put(
            {_VIRTUAL_TIME: reading.virtual.isoformat(), _REAL_TIME: reading.real.isoformat()}
        )

    async def _listen(self, store: Store) -> None:
        reception = Reception(
            world=World(store=store, clock=self.clock, converter=Converter(self._overrides.names)),
            faults=self.faults,
            requests=self.requests,
            clients=self._clients,
            provisioning_token=self._provisioning_token,
            routes=self._routes,
        )
        self._runner = web.AppRunner(
            make_app(reception),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as error:
            reason = _BIND_REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
            raise ConfigurationError(
                f"the sandbox cannot listen on port {self._port} of {self._host}: {reason}"
            ) from error
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def _stop(self, store: Store) -> None:
        runner, self._runner, self._store = self._runner, None, None
        try:
            if runner is not None:
                await runner.cleanup()
        finally:
            store.close()


def _check_service(service: str) -> None:
    if service not in SERVICES:
        raise ConfigurationError(f"the sandbox lives through {' and '.join(SERVICES)} only")
