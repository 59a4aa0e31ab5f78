"""What every test shares: invoices, and a hypothesis profile without deadlines that a busy machine misses."""

import gc
import hashlib
import inspect
import itertools
import logging
import re
from decimal import Decimal
from unittest import mock

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses, core
from hypothesis import HealthCheck, settings

from confirma_async.cli.language import choice

pytest_plugins = ["tests.plugins.leaks", "tests.plugins.postgres", "tests.plugins.virtual_time"]

settings.register_profile(
    "confirma", deadline=None, max_examples=50, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("confirma")


gc.disable()  # while the tests are collected: see below


def pytest_collection_finish():
    """Takes the tests out of what the garbage collector walks through: they are many, and stay to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """Runs the longest tests first, so that no process ends long after the others."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def new_folder(tmp_path_factory):
    """Names folders of this process's own, each once: pytest looks through all that are there."""
    parent, numbers = tmp_path_factory.mktemp("each"), itertools.count()
    return lambda name: parent / f"{next(numbers)}-{name}"


@pytest.fixture
def tmp_path(new_folder, request):
    """A folder of this test's own, under its name."""
    folder = new_folder(re.sub(r"\W", "_", request.node.name)[:30])
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def directories(new_folder, monkeypatch):
    """The journals of this test alone, for this process and those that it starts; returns their folder.

    Most tests keep none, so it is not made before somebody does.
    """
    home = new_folder("home")
    monkeypatch.setenv("CONFIRMA_JOURNAL_DIR", str(home / "journals"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.delenv("CONFIRMA_ACCOUNT", raising=False)
    return home / "journals"


@pytest.fixture(autouse=True)
def no_language_left(monkeypatch):
    """What a command in this process was asked to speak ends with its test."""
    monkeypatch.setattr(choice._asked, "code", None)


@pytest.fixture
def quick_fingerprints(monkeypatch):
    """Fingerprints of keys that cost nothing; for tests whose journals no other process opens."""
    slow = hashlib.scrypt
    monkeypatch.setattr(hashlib, "scrypt", lambda key, **cost: slow(key, **{**cost, "n": 2, "p": 1}))


@pytest.fixture
def quiet_logger():
    """The command line sets the logger up for itself; the other tests want it as it was."""
    logger = logging.getLogger("confirma_async")
    before = logger.handlers[:], logger.propagate, logger.level
    yield
    logger.handlers[:], logger.propagate = before[:2]
    logger.setLevel(before[2])


@pytest.fixture
def wire_invoice():
    """Makes invoices in their wire form; deviations by section."""

    def make(number=1, *, header=None, seller=None, **invoice):
        return {
            "distribution": {"method": "EMAIL"},
            "invoice": {
                "header": {
                    "number": number,
                    "type": "INVOICE",
                    "date": "2026-11-01",
                    "dueDate": "2026-11-15",
                    "currencyCode": "EUR",
                    **(header or {}),
                },
                "parties": {
                    "sellerParty": {"businessId": "0737546-2", "name": "Seller Oy", **(seller or {})},
                    "buyerParty": {
                        "name": "Buyer Oy",
                        "address": {"street": "Katu 1", "postalCode": "00100", "countryCode": "FI"},
                    },
                },
                "rows": [{"description": "Work", "netAmount": Decimal("100.00")}],
                "amounts": {"netAmount": Decimal("100.00")},
                **invoice,
            },
        }

    return make


@pytest.fixture
def replies(monkeypatch):
    """aioresponses, taught what aiohttp 3.14 wants.

    aioresponses 0.7.9 builds a ClientResponse without ``stream_writer`` (its issues 289 and 292).
    """
    build = inspect.getsource(core.RequestMatch._build_response)
    assert "stream_writer" not in build, "aioresponses knows aiohttp 3.14 now: delete this adapter"

    class Response(ClientResponse):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, stream_writer=mock.Mock(output_size=0), **kwargs)

    monkeypatch.setattr(core, "ClientResponse", Response)
    with aioresponses() as canned:
        yield canned
