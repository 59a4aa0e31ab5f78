"""The sandbox for blocking code: the same service on localhost, on an event loop in a thread of its own."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any, Final, Self, cast

from confirma_async import sandbox as asynchronous
from confirma_async.sandbox import shared
from confirma_async.sandbox.shared import *  # noqa: F403
from confirma_sync.waiting.portal import Portal
from confirma_sync.waiting.proxy import Closing, blocking, constructor, on_the_loop

__all__ = ["Sandbox"]
__all__ += shared.__all__


class Sandbox(Closing):
    """The service on localhost, over real HTTP. ``x-sandbox`` on each answer says that it is a sandbox.

    It takes what ``confirma_async.Sandbox`` takes. Use it as ``with Sandbox() as sandbox: ...``, or with
    ``start()`` and ``close()``. Only the process that started it can use this object: a child process made by
    fork can call its URL, and nothing else.

    Raises:
        ConfigurationError: the host is not this machine, or an argument makes no sense.
    """

    @constructor(asynchronous.Sandbox.__init__)
    def __init__(self, *args: Any, **options: Any) -> None:
        make = partial(asynchronous.Sandbox, *args, **options)
        portal = Portal(make, asynchronous.Sandbox.close, forks=False)
        super().__init__(portal, lambda: portal.target)

    start: Final = blocking(asynchronous.Sandbox.start)
    add_client: Final = on_the_loop(asynchronous.Sandbox.add_client)
    invoices: Final = on_the_loop(asynchronous.Sandbox.invoices)
    advance: Final = on_the_loop(asynchronous.Sandbox.advance)
    pay: Final = on_the_loop(asynchronous.Sandbox.pay)
    change_payment: Final = on_the_loop(asynchronous.Sandbox.change_payment)
    approve: Final = on_the_loop(asynchronous.Sandbox.approve)
    disapprove: Final = on_the_loop(asynchronous.Sandbox.disapprove)
    resume_case: Final = on_the_loop(asynchronous.Sandbox.resume_case)
    expire_token: Final = on_the_loop(asynchronous.Sandbox.expire_token)
    connect_accounting: Final = on_the_loop(asynchronous.Sandbox.connect_accounting)
    register: Final = on_the_loop(asynchronous.Sandbox.register)
    add_records: Final = on_the_loop(asynchronous.Sandbox.add_records)
    remove_records: Final = on_the_loop(asynchronous.Sandbox.remove_records)
    state: Final = on_the_loop(asynchronous.Sandbox.state)

    @property
    def _sandbox(self) -> asynchronous.Sandbox:
        return cast("asynchronous.Sandbox", self.original)

    @property
    def url(self) -> str:
        """The base URL to call: scheme, host and port; known once the sandbox has started."""
        return self._sandbox.url

    @property
    def api_key(self) -> str:
        """The token of the sandbox's own client; known once the sandbox has started."""
        return self._sandbox.api_key

    @property
    def provisioning_token(self) -> str:
        """The token that onboarding requires (contract §1); known once the sandbox has started."""
        return self._sandbox.provisioning_token

    @property
    def clock(self) -> shared.VirtualClock:
        """The virtual clock, which decides the time of everything in the sandbox."""
        return self._sandbox.clock

    @property
    def faults(self) -> shared.Faults:
        """The faults of coming requests; add some by ``faults.add``."""
        return self._sandbox.faults

    @property
    def requests(self) -> Counter[str]:
        """The number of requests that reached the server, by operation; those with a fault count, too."""
        return self._sandbox.requests

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self
