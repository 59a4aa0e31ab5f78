"""Two programs that keep one token file, as real processes: whoever renews, the file has the living token."""

import contextlib
import http.server
import json
import subprocess
import sys
import threading
import uuid

import pytest
from attrs import define, field

from confirma_async import FileTokenStore, Secret

ROUNDS = 12

PROGRAM = """
import asyncio, sys
from confirma_async import Confirma, FileTokenStore

async def main(url, path):
    async with Confirma(FileTokenStore(path), base_url=url, renew_on_401=True, timeout=20) as confirma:
        while word := await asyncio.to_thread(sys.stdin.readline):
            try:
                if word.strip() == "renew":
                    await confirma.onboarding.renew_token()
                else:
                    await confirma.onboarding.validate_token()
            except Exception as error:
                print(type(error).__name__, flush=True)
            else:
                print("done", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@define
class Service:
    """Renews a token for whoever has the living one, or had it just now; each renewal kills all others.

    The first of two renewals is answered when the second one has come as well, or after a moment: so that two
    programs that do not look out for each other are told of their tokens at once.
    """

    living: str = "token-0"
    expired: bool = False
    renewals: int = 0
    lineage: list[str] = field(factory=lambda: ["token-0"])
    both: threading.Barrier = field(factory=lambda: threading.Barrier(2))
    lock: threading.Lock = field(factory=threading.Lock)

    def answer(self, path, token):
        if path.endswith("/validate"):
            good = token == self.living and not self.expired
            return (200, {"isValid": True}) if good else (401, {"message": "dead"})
        with self.lock:
            if token not in self.lineage[-2:]:
                return 401, {"message": "dead"}
            self.renewals += 1
            self.living, self.expired = f"token-{uuid.uuid4()}", False
            self.lineage.append(self.living)
            answer = 200, {"apiAccessToken": self.living}
        with contextlib.suppress(threading.BrokenBarrierError):
            self.both.wait(0.05)
        with self.lock:
            if self.both.broken:
                self.both.reset()
        return answer


@pytest.fixture
def service():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, record = made.answer(self.path, self.headers["X-Api-Key"])
            body = json.dumps(record).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Says nothing."""

    made = Service()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
async def path(tmp_path):
    await FileTokenStore(tmp_path / "token").save(Secret("token-0"))
    return tmp_path / "token"


@pytest.fixture
def programs(service, path):
    command = [sys.executable, "-c", PROGRAM, service[1], str(path)]
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]


def send_command(programs, word):
    """Tells both at once, and returns what they say."""
    for program in programs:
        program.stdin.write(f"{word}\n")
        program.stdin.flush()
    return [program.stdout.readline().strip() for program in programs]


def test_a_refused_token_is_renewed_by_one_of_them(service, programs, path):
    made, _ = service
    for turn in range(1, ROUNDS + 1):
        made.expired = True
        assert send_command(programs, "validate") == ["done", "done"], turn
        assert path.read_text().strip() == made.living, turn
        assert made.renewals == turn


def test_a_renewal_that_both_are_asked_for_leaves_a_living_token(service, programs, path):
    made, _ = service
    for turn in range(1, ROUNDS + 1):
        assert send_command(programs, "renew") == ["done", "done"], turn
        assert path.read_text().strip() == made.living, turn
        assert send_command(programs, "validate") == ["done", "done"], turn
