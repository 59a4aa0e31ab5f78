"""How deep values may lie, and a converter that threads share."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from confirma_async.errors import RequestInvalidError, ResponseDecodeError
from confirma_async.schemas import Address
from tests.converters.samples import CONVERTER, deep


@pytest.mark.parametrize("depth", [101, 600, 5000])
def test_what_is_nested_too_deeply_is_refused_with_its_place(depth):
    with pytest.raises(ResponseDecodeError) as read:
        CONVERTER.structure({"street": "x", "odd": deep(depth)}, Address)
    with pytest.raises(RequestInvalidError) as written:
        CONVERTER.dumps(Address(extra={"odd": deep(depth)}))
    with pytest.raises(RequestInvalidError) as encoded:
        CONVERTER.encode(deep(depth, object()))
    reported = [*read.value.problems, *written.value.problems, *encoded.value.problems]
    assert [problem.path for problem in reported] == ["$.odd", "$ (extra)", "$"]
    assert all("at most 100 objects and arrays in one another" in problem.message for problem in reported)


def test_what_holds_itself_is_refused():
    round_and_round: dict[str, object] = {}
    round_and_round["x"] = round_and_round
    with pytest.raises(RequestInvalidError):
        CONVERTER.dumps(Address(extra=round_and_round))


def test_what_is_nested_as_deeply_as_may_be_goes_both_ways():
    record = {"street": "x", "odd": deep(100)}
    address = CONVERTER.structure(record, Address)
    assert CONVERTER.unstructure(address) == record
    assert CONVERTER.loads(CONVERTER.dumps(address), Address) == address


THREADS = """
import json, sys, threading
from confirma_async.converters import Converter
from confirma_async.schemas import SalesInvoiceRequest
sys.setswitchinterval(1e-6)
invoice, read = json.loads(sys.argv[1]), []
for converter in [Converter() for _ in range(20)]:
    start = threading.Barrier(16)
    def work():
        start.wait()
        body = converter.dumps(converter.structure(invoice, SalesInvoiceRequest))
        read.append(converter.loads(body, SalesInvoiceRequest))
    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
assert read == [read[0]] * 320
"""


def test_threads_may_share_a_new_converter(wire_invoice):
    """What they need is made by one of them: made by two at once, it ended the process."""
    invoice = json.dumps(wire_invoice(1, rows=[], amounts=None), default=float)
    done = subprocess.run(
        [sys.executable, "-c", THREADS, invoice], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
