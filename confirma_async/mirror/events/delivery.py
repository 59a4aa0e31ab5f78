"""Delivers events to a command or to a URL, in order: later events wait for one that failed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from attrs import define, field, frozen

from confirma_async.errors import ConfigurationError, MirrorError, TransportError
from confirma_async.mirror.events.consumers import Consumer, Event
from confirma_async.mirror.events.signature import HEADER, sign
from confirma_async.mirror.threads import in_thread
from confirma_async.privacy import Secret
from confirma_async.session.transport import Request, Transport
from confirma_async.settings import is_loopback

ATTEMPTS = 4
"""The number of attempts to deliver one event in a run."""

FIRST_PAUSE = 1.0
"""Seconds before the second attempt; each pause after it is twice as long."""

SHORTEST_SECRET = 16
"""The least number of characters of a secret."""

_ANSWER_LIMIT = 64 * 1024


class DeliveryError(MirrorError):
    """An event could not be delivered; that event and later ones wait for the next run."""

    resumable = True


class Receiver(Protocol):
    """A receiver of events, such as a command or a URL."""

    async def take(self, event: Event) -> str | None:
        """Hand over an event; return why the receiver did not accept it, in words, or None if it did."""
        ...


@frozen
class CommandReceiver:
    """Runs a command for each event, with its JSON on standard input; exit code 0 means that it is accepted.

    Attributes:
        words: The command and its arguments; it is run without a shell.
        timeout: Seconds that the command may take for an event before it is killed.
    """

    words: tuple[str, ...]
    timeout: float = 60.0

    @classmethod
    def of(cls, command: str) -> CommandReceiver:
        """Read a command line.

        Raises:
            ConfigurationError: the text cannot be read as a command line.
        """
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ConfigurationError(f"this is no command: {error}") from error
        if not words:
            raise ConfigurationError("the command is empty")
        return cls(tuple(words))

    async def take(self, event: Event) -> str | None:
        """Run the command, with the event as JSON on its standard input."""
        variables = {"CONFIRMA_EVENT_ID": event.id, "CONFIRMA_EVENT_TYPE": event.type}
        try:
            process = await asyncio.create_subprocess_exec(
                *self.words,
                stdin=asyncio.subprocess.PIPE,
                env={**os.environ, **variables},
                start_new_session=True,  # so that what the command starts ends with it
            )
        except OSError as error:
            return f"{self.words[0]} cannot be run ({(error.strerror or 'it failed').lower()})"
        try:
            async with asyncio.timeout(self.timeout):
                await process.communicate(event.as_json() + b"\n")
        except TimeoutError:
            await _end(process)
            return f"{self.words[0]} took more than {self.timeout:.0f} s"
        except BaseException:
            await _end(process)
            raise
        code = process.returncode or 0
        if code < 0:
            return f"{self.words[0]} was ended by signal {-code}"
        return f"{self.words[0]} ended with {code}" if code else None


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a command and all processes that it has started, before the event is tried again."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


@frozen
class UrlReceiver:
    """Posts each event to a URL, signed; any status from 200 to 299 means that it is accepted.

    Attributes:
        url: The URL: ``https://...``, or ``http://...`` on this machine.
        secret: The secret for the signature, which the sender and the receiver share.
        transport: Sends the requests.
        timeout: Seconds for each request.
    """

    url: str = field(repr=False)
    secret: Secret
    transport: Transport
    timeout: float = 30.0

    def __attrs_post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError("the receiver must be a URL that begins with https://")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ConfigurationError("http:// is for this machine only; the receiver must be at https://")
        if len(self.secret.reveal()) < SHORTEST_SECRET:
            raise ConfigurationError(f"a secret has at least {SHORTEST_SECRET} characters")

    async def take(self, event: Event) -> str | None:
        """Post the event as JSON."""
        body = event.as_json()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "confirma-sdk",
            "Confirma-Event-Id": event.id,
            HEADER: sign(body, self.secret),
        }
        request = Request("POST", self.url, headers, body, self.timeout, _ANSWER_LIMIT)
        try:
            response = await self.transport.send(request)
        except TransportError as error:
            return str(error.args[0])
        return None if 200 <= response.status < 300 else f"the receiver answered HTTP {response.status}"


@define
class Delivery:
    """Delivers the events that a consumer has not had.

    Attributes:
        consumer: The consumer.
        count: How many events the consumer has taken.
        pause_seconds: Seconds before the second attempt; each pause after it is twice as long.
    """

    consumer: Consumer
    count: int = 0
    pause_seconds: float = FIRST_PAUSE

    async def run(self, receiver: Receiver, on_taken: Callable[[Event], object] | None = None) -> int:
        """Deliver all events that wait; return how many were delivered.

        Args:
            receiver: Takes the events.
            on_taken: Called with each event that was taken.

        Raises:
            DeliveryError: all attempts to deliver an event failed.
        """
        while events := await in_thread(self.consumer.waiting):
            for event in events:
                await self._deliver(receiver, event)
                await in_thread(self.consumer.take, event)
                self.count += 1
                if on_taken is not None:
                    on_taken(event)
        return self.count

    async def _deliver(self, receiver: Receiver, event: Event) -> None:
        reason: str | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(self.pause_seconds * 2 ** (attempt - 1))
            reason = await receiver.take(event)
            if reason is None:
                return
        raise DeliveryError(
            f"the event {event.id} ({event.type}) was not taken: {reason}; {self.count} were before it. "
            "It and those after it wait for the next run"
        )
