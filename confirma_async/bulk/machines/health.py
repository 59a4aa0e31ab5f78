"""The health port of workers: whether they can send, and their figures for Prometheus.

It is served by threads of its own, so that it answers even while the event loop hangs.
"""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Generator

from attrs import define, field

from confirma_async.bulk.machines.worker import WorkerHealth
from confirma_async.bulk.models import State
from confirma_async.errors import ConfigurationError


@define(eq=False)
class HealthPort:
    """What the health port of a process says of its worker, or of its workers for each account."""

    _workers: dict[str, WorkerHealth] = field(init=False, factory=dict[str, WorkerHealth])
    _stopped: set[str] = field(init=False, factory=set[str])

    @classmethod
    @contextlib.contextmanager
    def on(cls, port: int | None) -> Generator[HealthPort]:
        """Serve the port while the block runs; serve nothing where ``port`` is None.

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

    def add_worker(self, worker: WorkerHealth, account: str = "") -> None:
        """Add a worker that has begun.

        Args:
            worker: Its health.
            account: The account's name, where the process has workers for several accounts.
        """
        self._workers[account] = worker
        self._stopped.discard(account)

    def note_stopped(self, account: str) -> None:
        """Take note that the worker of an account has stopped, for a while or for good."""
        self._stopped.add(account)

    def trouble(self) -> str | None:
        """Return what is wrong; None where nothing is, or where at least one of several accounts can send."""
        troubles = self._troubles()
        if not troubles:
            return "it has not begun yet"
        if not all(troubles.values()):
            return None
        return "; ".join(f"{who}: {trouble}" if who else str(trouble) for who, trouble in troubles.items())

    def _troubles(self) -> dict[str, str | None]:
        """Return what is wrong with the worker of each account; None where nothing is."""
        accounts = sorted(self._workers.keys() | self._stopped)
        return {
            account: "it has stopped" if account in self._stopped else self._workers[account].trouble
            for account in accounts
        }

    def metrics(self) -> str:
        """Return the figures in the text format of Prometheus; by account, where there are several."""
        lines = [
            "# HELP confirma_worker_up Whether the worker can send.",
            "# TYPE confirma_worker_up gauge",
            *(
                f"confirma_worker_up{_labels(account)} {int(trouble is None)}"
                for account, trouble in (self._troubles() or {"": "it has not begun yet"}).items()
            ),
            "# HELP confirma_worker_invoices_total Invoices that came to a state in this worker.",
            "# TYPE confirma_worker_invoices_total counter",
        ]
        workers = sorted(self._workers.items())
        lines += [
            f"confirma_worker_invoices_total{_labels(account, state=state.name.lower())} "
            f"{worker.counts.get(state, 0)}"
            for account, worker in workers
            for state in (State.ACCEPTED, State.REJECTED, State.UNKNOWN, State.PENDING)
        ]
        lines += [
            "# HELP confirma_worker_chunks_total Chunks that were brought to their end in this worker.",
            "# TYPE confirma_worker_chunks_total counter",
        ]
        lines += [
            f"confirma_worker_chunks_total{_labels(account)} {worker.chunks}" for account, worker in workers
        ]
        return "\n".join(lines) + "\n"


def _labels(account: str, **more: str) -> str:
    """Return labels in the format of Prometheus. Names of accounts hold nothing that must be escaped."""
    named = {**({"account": account} if account else {}), **more}
    return "{" + ",".join(f'{name}="{value}"' for name, value in named.items()) + "}" if named else ""


def _handler(health: HealthPort) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers the requests for health and for metrics."""

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
            """Log nothing."""

    return Handler
