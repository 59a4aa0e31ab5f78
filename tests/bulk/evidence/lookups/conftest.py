"""What is made of lost answers: witnesses, rivals and waits, in virtual time."""

import asyncio
import contextlib
import logging
import shutil

import pytest
from late_lists import VirtualLoop, quick_journal, run_job

from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.converters import Converter
from confirma_async.schemas import SalesInvoiceRequest
from tests.bulk.evidence.lookups.service import Service, source


@pytest.fixture(autouse=True)
def quiet():
    """Lost answers are what this is about."""
    logging.getLogger("confirma_async").setLevel(logging.ERROR)
    yield
    logging.getLogger("confirma_async").setLevel(logging.NOTSET)


@pytest.fixture
def in_virtual_time():
    """Runs a coroutine function on a loop with virtual time, and gives it the loop."""

    def run(function):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(function(runner.get_loop()))

    return run


@pytest.fixture
def request_of(wire_invoice):
    def make(number=1, **header):
        wire = wire_invoice(number, header=header, references={"creditedInvoiceNumber": 9})
        return Converter().structure(wire, SalesInvoiceRequest)

    return make


@pytest.fixture
def journal(tmp_path):
    with quick_journal(tmp_path) as opened:
        yield opened


@pytest.fixture
def in_doubt(tmp_path, in_virtual_time, request_of):
    """A journal that was copied, opened; the service has what the first one sent."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with quick_journal(tmp_path / "a") as journal:

        async def scenario(loop):
            await run_job(Service(loop), journal, source(request_of(1)))

        in_virtual_time(scenario)
    shutil.copy(tmp_path / "a" / "journal", tmp_path / "b" / "journal")
    with contextlib.closing(open_sqlite(tmp_path / "b" / "journal")) as journal:
        assert journal.trust.doubt() is not None
        yield journal
