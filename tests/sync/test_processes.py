"""The traps that take a process to show: its end, Ctrl-C, fork.

Every script runs on this interpreter, and on those that CONFIRMA_TEST_PYTHONS names, separated by ``:``; they
need the packages that the SDK depends on. Where the event loop has a part in what happens (its end, a fork, a
call that is cancelled), the script runs with and without uvloop.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from confirma_sync.sandbox import Fault

ROOT = Path(__file__).parents[2]
PYTHONS = [sys.executable, *filter(None, os.environ.get("CONFIRMA_TEST_PYTHONS", "").split(os.pathsep))]
LOOPS = {"uvloop": "", "asyncio": "import sys; sys.modules['uvloop'] = None\n"}
on_one_loop = pytest.mark.parametrize("start", ["uvloop"], indirect=True)
"""For scripts that ask the same of any loop."""
HANG = 10
"""Seconds after which a process that should have ended is taken to hang."""

CREATE = "invoices.create"

PRELUDE = """
import logging, os, signal, sys, threading, time
from confirma_sync import Confirma, OutcomeUnknownError, RetryPolicy

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it runs behind itself

INVOICE = {
    "invoice": {
        "header": {
            "number": 7, "type": "INVOICE", "date": "2026-11-01", "dueDate": "2026-11-15",
            "currencyCode": "EUR",
        }
    }
}
logging.getLogger("confirma_async").disabled = True
confirma = Confirma(sys.argv[1], base_url=sys.argv[2])

def numbered(number):
    header = {**INVOICE["invoice"]["header"], "number": number}
    return {"invoice": {"header": header}}
"""


@pytest.fixture(params=PYTHONS, ids=lambda python: Path(python).parent.parent.name)
def python(request):
    if not Path(request.param).exists():
        pytest.skip(f"there is no {request.param}")
    return request.param


@pytest.fixture(params=LOOPS)
def start(request, python, sandbox):
    """Starts a script that has a client of the sandbox; every warning and leak would show in its stderr."""
    started = []

    def run(body, *arguments, url=None):
        command = [python, "-W", "error", "-c", LOOPS[request.param] + PRELUDE + body]
        process = subprocess.Popen(
            [*command, sandbox.api_key, url or sandbox.url, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with its children, who would hold its output open
        process.communicate()


def ending(process):
    """Its output, its complaints and its exit code, once it has ended."""
    output, complaints = process.communicate(timeout=HANG)
    return output.split(), complaints, process.returncode


VALIDATE = "print(confirma.onboarding.validate_token().is_valid)\n"


def test_the_end_of_the_interpreter_closes_what_nobody_closed(start):
    assert ending(start(VALIDATE)) == (["True"], "", 0)


@on_one_loop
def test_what_its_client_opened_is_closed_at_the_end_of_the_interpreter(start):
    script = """
from confirma_async.session.transport import Response
class Telling:
    async def send(self, request): return Response(200, {}, b'{"isValid": true}')
    async def close(self): print("closed", flush=True)
own = Confirma("key", transport=Telling())
own.onboarding.validate_token()
"""
    assert ending(start(script)) == (["closed"], "", 0)


@on_one_loop
def test_it_does_so_where_the_loop_has_threads_of_its_own(start, sandbox):
    # A host name is looked up in a thread.
    url = sandbox.url.replace("127.0.0.1", "localhost")
    assert ending(start(VALIDATE, url=url)) == (["True"], "", 0)


def test_it_does_so_where_those_threads_cannot_be_waited_for(start, sandbox):
    # Python 3.12 starts no thread at its end; here, none does.
    script = """
import atexit
def refuse(thread): raise RuntimeError("can't create new thread at interpreter shutdown")
atexit.register(lambda: setattr(threading.Thread, "start", refuse))
"""
    url = sandbox.url.replace("127.0.0.1", "localhost")
    assert ending(start(VALIDATE + script, url=url)) == (["True"], "", 0)


@on_one_loop
def test_it_does_so_after_an_exception_that_nobody_caught(start):
    output, complaints, code = ending(start(VALIDATE + "raise ValueError('unhandled')"))
    assert (output, code) == (["True"], 1)
    assert complaints.startswith("Traceback")
    assert complaints.endswith("ValueError: unhandled\n")
    assert complaints.count("Traceback") == 1


def test_it_does_so_with_a_listing_and_a_job_left_half_way(start, tmp_path):
    script = """
jobs = confirma.bulk.stream((numbered(n) for n in range(1, 100)), journal=sys.argv[3])
print(next(iter(jobs)).verdict.value)
records = iter(confirma.invoices.distributions(invoice_number=1))
next(records, None)
"""
    output, complaints, code = ending(start(script, tmp_path / "job.journal"))
    assert (output, complaints, code) == (["accepted"], "", 0)


@on_one_loop
def test_it_does_so_while_another_thread_is_in_a_call(start, sandbox, seen, tmp_path):
    sandbox.faults.add(Fault.LATENCY, operation="onboarding.validate_token", seconds=HANG)
    script = """
import contextlib
def call():
    with contextlib.suppress(Exception):
        confirma.onboarding.validate_token()
threading.Thread(target=call, daemon=True).start()
while not os.path.exists(sys.argv[3]): time.sleep(0.001)
"""
    process = start(script, tmp_path / "seen")
    seen("onboarding.validate_token")
    (tmp_path / "seen").touch()
    assert ending(process) == ([], "", 0)


def test_ctrl_c_cancels_the_call_and_tells_what_may_have_arrived(start, sandbox, seen):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, seconds=HANG)
    script = """
try:
    confirma.invoices.create(INVOICE)
except KeyboardInterrupt as stopped:
    assert isinstance(stopped.__cause__, OutcomeUnknownError), repr(stopped.__cause__)
    assert stopped.__cause__.subject == "invoice 7"
    print(confirma.onboarding.validate_token().is_valid)
"""
    process = start(script)
    seen(CREATE)
    process.send_signal(signal.SIGINT)
    output, complaints, code = ending(process)
    assert (output, code) == (["True"], 0), complaints
    assert sandbox.requests[CREATE] == 1


@on_one_loop
def test_ctrl_c_that_nobody_catches_shows_it_too(start, sandbox, seen):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, seconds=HANG)
    process = start("confirma.invoices.create(INVOICE)")
    seen(CREATE)
    process.send_signal(signal.SIGINT)
    _, complaints, code = ending(process)
    assert code == -signal.SIGINT
    assert "the outcome of invoice 7 is unknown (the call was cancelled)" in complaints
    assert complaints.endswith("KeyboardInterrupt\n")


@on_one_loop
def test_ctrl_c_in_a_call_that_changes_nothing_is_nothing_more(start, sandbox, seen):
    sandbox.faults.add(Fault.LATENCY, operation="onboarding.validate_token", seconds=HANG)
    script = """
try:
    confirma.onboarding.validate_token()
except KeyboardInterrupt as stopped:
    print(stopped.__cause__)
"""
    process = start(script)
    seen("onboarding.validate_token")
    process.send_signal(signal.SIGINT)
    assert ending(process)[0] == ["None"]


def numbered(number):
    """An invoice as the scripts make it."""
    header = {"number": number, "type": "INVOICE", "date": "2026-11-01", "dueDate": "2026-11-15"}
    return {"invoice": {"header": {**header, "currencyCode": "EUR"}}}


@on_one_loop
def test_ctrl_c_in_a_job_drains_it_and_the_same_call_goes_on(start, sandbox, confirma, seen, tmp_path):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.02)
    script = """
def invoices():
    for number in range(1, 151):
        yield numbered(number)
try:
    confirma.bulk.submit(invoices(), journal=sys.argv[3])
except KeyboardInterrupt as stopped:
    print(*stopped.__notes__)
"""
    first = start(script, tmp_path / "job.journal")
    seen(CREATE, 30)
    first.send_signal(signal.SIGINT)
    output, complaints, _ = ending(first)
    assert "goes on where it stopped" in " ".join(output), complaints
    sent = sandbox.requests[CREATE]
    assert sent < 150
    sandbox.faults.clear()
    report = confirma.bulk.submit([numbered(n) for n in range(1, 151)], journal=tmp_path / "job.journal")
    assert (report.accepted, report.resumed, report.unknown, report.complete) == (150, sent, 0, True)
    assert Counter(invoice.number for invoice in sandbox.invoices()) == Counter(range(1, 151))


FORKED = """
import multiprocessing
import datetime
day = datetime.date(2026, 11, 1)
listing = confirma.invoices.distributions(from_date=day, to_date=day, headers={"X-Who": "child"})
def child():
    assert list(listing) == []
    print("child", confirma.onboarding.validate_token(headers={"X-Who": "child"}).is_valid, flush=True)
"""
PARENT = """
def parent():
    print("parent", confirma.onboarding.validate_token(headers={"X-Who": "parent"}).is_valid, flush=True)
parent()
"""


@pytest.fixture
def peers():
    """A service that says who called from which connection."""
    seen_from: list[tuple[str, int]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen_from.append((self.headers["X-Who"] or "nobody", self.client_address[1]))
            body = b'{"isValid": true, "data": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen_from
    server.shutdown()
    server.server_close()
    thread.join()


FORKS = {
    "multiprocessing": """
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join()
assert process.exitcode == 0
""",
    "os.fork, ending as a program does": """
pid = os.fork()
if not pid:
    child()
    sys.exit()
assert os.waitpid(pid, 0)[1] == 0
""",
    "os.fork in a thread, while others call": """
def work():
    for _ in range(20):
        confirma.onboarding.validate_token()
workers = [threading.Thread(target=work) for _ in range(4)]
for worker in workers: worker.start()
def fork():
    pid = os.fork()
    if not pid:
        child()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
forker = threading.Thread(target=fork)
forker.start()
for thread in [*workers, forker]: thread.join()
""",
    "os.fork, while another thread starts the loop": """
with confirma.portal._lock:
    pid = os.fork()
    if not pid:
        child()
        os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
""",
}


@pytest.mark.parametrize("how", FORKS)
def test_after_a_fork_the_child_makes_its_own_connections_and_the_parent_goes_on(start, peers, how):
    url, seen_from = peers
    quiet = "import warnings\nwarnings.simplefilter('ignore', DeprecationWarning)\n"  # 3.12 warns of any fork
    process = start(quiet + FORKED + PARENT + FORKS[how] + "parent()\n", url=url)
    output, complaints, code = ending(process)
    assert (output, complaints, code) == (["parent", "True", "child", "True", "parent", "True"], "", 0)
    ports = {who: {port for name, port in seen_from if name == who} for who in ("parent", "child")}
    assert ports["parent"]
    assert ports["child"]
    assert not ports["parent"] & ports["child"]


def test_a_fork_as_the_loop_starts_leaves_the_child_to_make_its_own(start):
    script = """
import warnings, weakref
warnings.simplefilter('ignore', DeprecationWarning)
finalize = weakref.finalize
def forking(*args):
    weakref.finalize = finalize
    pid = os.fork()
    if not pid:
        print(confirma.onboarding.validate_token().is_valid, flush=True)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return finalize(*args)
weakref.finalize = forking
"""
    assert ending(start(script + VALIDATE)) == (["True", "True"], "", 0)


@on_one_loop
def test_a_child_may_end_whose_parent_has_looked_up_a_host(start, peers):
    script = """
import warnings
warnings.simplefilter('ignore', DeprecationWarning)
pid = os.fork()
if not pid:
    sys.exit()
assert os.waitpid(pid, 0)[1] == 0
"""
    process = start(FORKED + PARENT + script, url=peers[0].replace("127.0.0.1", "localhost"))
    assert ending(process) == (["parent", "True"], "", 0)


@on_one_loop
def test_a_child_that_makes_no_call_leaves_its_parent_alone(start):
    script = """
import warnings
warnings.simplefilter('ignore', DeprecationWarning)
pid = os.fork()
if not pid:
    del confirma
    sys.exit()
assert os.waitpid(pid, 0)[1] == 0
"""
    assert ending(start(VALIDATE + script + VALIDATE)) == (["True", "True"], "", 0)


def test_a_child_frees_nothing_of_its_parent(start):
    script = """
import gc, warnings, weakref
warnings.simplefilter('ignore', DeprecationWarning)
loop = weakref.ref(confirma.portal.running._running.loop)
target = weakref.ref(confirma.portal.target)
pid = os.fork()
if not pid:
    confirma.onboarding.validate_token()
    confirma.close()
    del confirma
    gc.collect()
    print(loop() is not None, target() is not None, flush=True)
    sys.exit()
assert os.waitpid(pid, 0)[1] == 0
"""
    assert ending(start(VALIDATE + script + VALIDATE)) == (["True"] * 4, "", 0)


@on_one_loop
def test_a_sandbox_stays_with_its_parent(start):
    script = """
import warnings
warnings.simplefilter('ignore', DeprecationWarning)
from confirma_sync import ConfigurationError, Sandbox
with Sandbox() as sandbox:
    pid = os.fork()
    if not pid:
        with Confirma(sandbox.api_key, base_url=sandbox.url) as own:
            print(own.onboarding.validate_token().is_valid)
        try:
            sandbox.invoices()
        except ConfigurationError as error:
            print("fork" in str(error))
        sys.exit()
    assert os.waitpid(pid, 0)[1] == 0
    print(len(sandbox.invoices()))
"""
    assert ending(start(script)) == (["True", "True", "0"], "", 0)


@on_one_loop
def test_ctrl_c_in_a_job_puts_back_what_waits_for_its_turn(start, sandbox, confirma, seen, tmp_path):
    script = """
from confirma_sync import RateLimit
slow = Confirma(sys.argv[1], base_url=sys.argv[2], rate_limit=RateLimit(per_second=0.01))
stream = slow.bulk.stream([numbered(number) for number in range(1, 21)], journal=sys.argv[3])
try:
    for outcome in stream:
        pass
except KeyboardInterrupt:
    pass
print(stream.report.accepted, stream.report.pending, stream.report.unknown, stream.report.interrupted)
"""
    first = start(script, tmp_path / "job.journal")
    seen(CREATE)
    first.send_signal(signal.SIGINT)
    output, complaints, _ = ending(first)
    assert output == ["1", "19", "0", "True"], complaints
    assert sandbox.requests[CREATE] == 1
    report = confirma.bulk.submit([numbered(n) for n in range(1, 21)], journal=tmp_path / "job.journal")
    assert (report.accepted, report.pending, report.unknown, report.interrupted) == (20, 0, 0, False)
    assert Counter(invoice.number for invoice in sandbox.invoices()) == Counter(range(1, 21))
