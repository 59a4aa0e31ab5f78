"""What a worker says of itself on a port: whether it is well, and its figures for Prometheus.

It answers from threads of its own, so that it answers also while the loop hangs.
"""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Generator

from attrs import define, field

from confirma_async.bulk.machines.chunk_sender import ChunkSender
from confirma_async.bulk.machines.watchdog import Watchdog
from confirma_async.bulk.models import State
from confirma_async.errors import ConfigurationError


@define(eq=False)
class WorkerHealth:
    """How a worker is."""

    _watchdog: Watchdog | None = field(init=False, default=None)
    _sender: ChunkSender | None = field(init=False, default=None)

    @classmethod
    @contextlib.contextmanager
    def on(cls, port: int | None) -> Generator[WorkerHealth]:
        """Answer on a port while the block runs; on none where there is none.

        Raises:
            ConfigurationError: the port is taken.
        """
        health = cls()
        if port is None:
            yield health
            return
        try:
            server = http.server.ThreadingHTTPServer(("", port), _handler(health))
        except OSError as error:
            raise ConfigurationError(
                f"the port {port} cannot be had ({error.strerror}); name another one"
            ) from error
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="confirma-health", daemon=True)
        thread.start()
        try:
            yield health
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def tell_of(self, watchdog: Watchdog, sender: ChunkSender) -> None:
        """Tell of a worker that has begun."""
        self._watchdog, self._sender = watchdog, sender

    def trouble(self) -> str | None:
        """Return what is wrong; None where all is well."""
        if self._watchdog is None:
            return "it has not begun yet"
        return self._watchdog.trouble

    def metrics(self) -> str:
        """Return the figures, in the text format of Prometheus."""
        sender = self._sender
        counts = {} if sender is None else dict(sender.counts)
        lines = [
            "# HELP confirma_worker_up Whether the worker can send.",
            "# TYPE confirma_worker_up gauge",
            f"confirma_worker_up {int(self.trouble() is None)}",
            "# HELP confirma_worker_invoices_total Invoices that came to a state in this worker.",
            "# TYPE confirma_worker_invoices_total counter",
            *(
                f'confirma_worker_invoices_total{{state="{state.name.lower()}"}} {counts.get(state, 0)}'
                for state in (State.ACCEPTED, State.REJECTED, State.UNKNOWN, State.PENDING)
            ),
            "# HELP confirma_worker_chunks_total Chunks that were brought to their end in this worker.",
            "# TYPE confirma_worker_chunks_total counter",
            f"confirma_worker_chunks_total {0 if sender is None else sender.chunks}",
        ]
        return "\n".join(lines) + "\n"


def _handler(health: WorkerHealth) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers the two questions."""

        def do_GET(self) -> None:
            match self.path:
                case "/healthz":
                    trouble = health.trouble()
                    self._answer(200 if trouble is None else 503, f"{trouble or 'well'}\n")
                case "/metrics":
                    self._answer(200, health.metrics(), "text/plain; version=0.0.4; charset=utf-8")
                case _:
                    self._answer(404, "there are /healthz and /metrics\n")

        def _answer(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its signature)
            """Say nothing."""

    return Handler
