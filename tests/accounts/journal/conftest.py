"""A counting service in a thread, and the command line in processes of its own."""

import collections
import contextlib
import http.server
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from confirma_async.cli.app import run

ROOT = Path(__file__).parents[3]
KEY_A = "0f8fad5b-d9cb-469f-a165-70867728950e"
KEY_B = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
SETTLE = ("--settle", "0.1")


class Service:
    """Counts what arrives, by key and document; answers its lists honestly, each key its own."""

    def __init__(self):
        self.url = ""
        self.posts: collections.Counter[Any] = collections.Counter()
        self.documents = collections.defaultdict(list)
        self.refused_keys = set()
        self.before_answer = lambda document: None
        self.loses = set()
        self.rejects = set()
        self.lists = 0
        self.lock = threading.Lock()

    def numbers(self, key=None):
        """How often each number arrived, of all keys or of one."""
        counts: collections.Counter[int] = collections.Counter()
        for (whose, _, _, number), count in self.posts.items():
            if key is None or whose == key:
                counts[number] += count
        return dict(counts)

    def originals(self, key):
        """The numbers of their own, in ``references.sales``, of what arrived."""
        return [(one["_references"] or {}).get("sales") for one in self.documents[key]]

    @property
    def doubled(self):
        return {number: count for number, count in self.numbers().items() if count > 1}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Any

    def _key(self):
        return self.headers["X-API-KEY"]

    def _say(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        service, key = self.service, self._key()
        content = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if key in service.refused_keys:
            self._say(401, {"message": "no"})
            return
        header = content["invoice"]["header"]
        seller = ((content["invoice"].get("parties") or {}).get("sellerParty") or {}).get("businessId", "")
        document = (key, seller, header["type"], header["number"])
        number = header["number"]
        with service.lock:
            service.posts[document] += 1
            if number not in service.loses | service.rejects:
                service.documents[key].append(
                    {
                        "invoiceNumber": str(number),
                        "invoiceDate": header["date"],
                        "status": "ACCEPTED",
                        "_references": content["invoice"].get("references"),
                    }
                )
        service.before_answer(document)
        status = 500 if number in service.loses else 400 if number in service.rejects else 200
        with contextlib.suppress(OSError):
            self._say(status, {"status": "ACCEPTED"} if status == 200 else {"message": "bad"})

    def do_GET(self):
        service, key = self.service, self._key()
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if key in service.refused_keys:
            self._say(401, {"message": "no"})
            return
        number = query.get("invoiceNumber")
        with service.lock:
            service.lists += 1
            data = [
                {name: value for name, value in one.items() if not name.startswith("_")}
                for one in service.documents[key]
                if number is None or one["invoiceNumber"] == number
            ]
        filters = {
            "invoiceNumber": number,
            "fromInvDate": query.get("fromInvDate"),
            "toInvDate": query.get("toInvDate"),
        }
        self._say(200, {"metaData": {"totalCount": len(data), "filtersApplied": filters}, "data": data})

    def log_message(self, *arguments):
        """Says nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Says nothing: what breaks here is to break."""


@pytest.fixture
def service(monkeypatch):
    output = Service()
    handler = type("Handler", (_Handler,), {"service": output})
    with _Server(("127.0.0.1", 0), handler) as server:
        output.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("CONFIRMA_API_KEY", KEY_A)
        monkeypatch.setenv("CONFIRMA_BASE_URL", output.url)
        yield output
        server.shutdown()
        thread.join()


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def output(self):
        return self.out + self.err

    def __repr__(self):
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch, quiet_logger):
    for name in ("CONFIRMA_ENVIRONMENT", "CONFIRMA_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "userhome"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def _command(arguments):
    return [sys.executable, "-m", "confirma_async.cli", *map(str, arguments)]


@pytest.fixture
def cli(capsys, monkeypatch):
    """Runs a command line in this process, which is ten times quicker than one of its own."""

    def call(*arguments, env=None, cwd=None, key=None, stdin=None):
        capsys.readouterr()
        with monkeypatch.context() as patch:
            for name, value in ((env or {}) | ({"CONFIRMA_API_KEY": key} if key else {})).items():
                if value is None:
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, value)
            if cwd is not None:
                patch.chdir(cwd)
            patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((stdin or "").encode())))
            code = run([str(argument) for argument in arguments])
        output = capsys.readouterr()
        assert "Traceback" not in output.err, output.err
        assert code != 70, output.err
        return Done(code, output.out, output.err)

    return call


@pytest.fixture
def cli_apart():
    """Runs a command line in a process of its own."""

    def call(*arguments, env=None, cwd=None, key=None, stdin=None):
        variables = os.environ | (env or {}) | ({"CONFIRMA_API_KEY": key} if key else {})
        variables = {name: value for name, value in variables.items() if value is not None}
        done = subprocess.run(
            _command(arguments),
            env=variables,
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode != 70, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def start():
    """Starts a command and leaves it running; killed at the end."""
    begun = []

    def call(*arguments, env=None, key=None, cwd=None):
        variables = os.environ | (env or {}) | ({"CONFIRMA_API_KEY": key} if key else {})
        process = subprocess.Popen(
            _command(arguments),
            env=variables,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        begun.append(process)
        return process

    yield call
    for process in begun:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


@pytest.fixture
def killed_job(start, service):
    """Runs a submit until so many have arrived, then kills it with the next ones unanswered."""

    def call(*arguments, after=5, key=None):
        gate = threading.Event()
        arrived = []

        def hold(document):
            arrived.append(document)
            if len(arrived) > after:
                gate.wait(30)

        service.before_answer = hold
        process = start("submit", *arguments, key=key)
        wait_for(lambda: len(arrived) > after)
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        gate.set()
        service.before_answer = lambda document: None

    return call


@pytest.fixture
def write(place, wire_invoice):
    def call(*numbers, name="invoices.jsonl", **deviations):
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "\n".join(json.dumps(wire_invoice(number, **deviations), default=float) for number in numbers)
        )
        return file

    return call


@pytest.fixture
def account(directories):
    """The journal of the first account of a service on this machine."""
    return directories / "localhost" / "default" / "account.journal"
