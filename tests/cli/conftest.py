import asyncio
import contextlib
import http.server
import io
import json
import threading
import time
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from confirma_async.cli.app import run
from confirma_async.cli.commands.jobs import resolve
from confirma_async.sandbox import Sandbox


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path, quiet_logger):
    """No setting of the machine's own, and a folder to work in."""
    for name in ("CONFIRMA_API_KEY", "CONFIRMA_ENVIRONMENT", "CONFIRMA_BASE_URL", "CONFIRMA_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def an_hour_later(monkeypatch):
    """Lets an hour pass for ``confirma resolve``."""

    def pass_by():
        later = time.time() + 3600.0
        monkeypatch.setattr(resolve, "time", SimpleNamespace(time=lambda: later))

    return pass_by


@pytest.fixture
def confirma(capsys):
    """Runs a command line in this process: exit code, standard output, standard error."""

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        output = capsys.readouterr()
        assert "Traceback" not in output.out + output.err
        return code, output.out, output.err

    return call


@pytest.fixture
def confirma_json(confirma):
    """The same with --json: exit code and what was printed."""

    def call(*arguments):
        code, out, _ = confirma(*arguments, "--json")
        return code, json.loads(out)

    return call


@pytest.fixture
def invoices(tmp_path, wire_invoice):
    """Writes a file of invoices in wire form."""

    def write(*numbers, name="invoices.jsonl", **deviations):
        file = tmp_path / name
        lines = [json.dumps(wire_invoice(number, **deviations), default=float) for number in numbers]
        file.write_text("\n".join(lines), encoding="utf-8")
        return file

    return write


@pytest.fixture
def service(monkeypatch):
    """A sandbox in a thread of its own, as if it were the service of the environment."""
    ready, stop = threading.Event(), threading.Event()
    box = {}

    async def serve():
        async with Sandbox() as sandbox:
            box["sandbox"] = sandbox
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait(10)
    monkeypatch.setenv("CONFIRMA_API_KEY", box["sandbox"].api_key)
    monkeypatch.setenv("CONFIRMA_BASE_URL", box["sandbox"].url)
    with contextlib.ExitStack() as stack:
        stack.callback(thread.join)
        stack.callback(stop.set)
        yield box["sandbox"]


@pytest.fixture
def standard_input(monkeypatch):
    """Puts JSON on standard input."""

    def put(content):
        monkeypatch.setattr(
            "sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(content, default=float).encode()))
        )

    return put


class Answering:
    """A service that answers as it is told: for what the sandbox never says."""

    def __init__(self, server):
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.answers = {}
        self.asked = []

    def answer(self, path, body, status=200):
        self.answers[path] = (status, b"" if body is None else json.dumps(body).encode())


@pytest.fixture
def answering(monkeypatch):
    """Such a service, as if it were the one of the environment: ``answering.answer("/payments", [...])``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            output.asked.append((parts.path, parse_qs(parts.query), body))
            status, content = output.answers[parts.path.removeprefix("/api/v1/partner")]
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 (the server's own name)

        def log_message(self, *arguments):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        output = Answering(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("CONFIRMA_API_KEY", "0f8fad5b-d9cb-469f-a165-70867728950e")
        monkeypatch.setenv("CONFIRMA_BASE_URL", output.url)
        yield output
        server.shutdown()
        thread.join()
