"""Starting, stopping and starting again with the same database."""

import asyncio
import logging
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import cast

import aiohttp
import pytest

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox import Sandbox, VirtualClock
from confirma_async.sandbox.rules.invoices import TRANSITIONS
from confirma_async.sandbox.store import Store


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.com", ""])
def test_it_listens_on_this_machine_only(host):
    with pytest.raises(ConfigurationError, match="this machine only"):
        Sandbox(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
async def test_loopback_addresses_are_served(http, host):
    async with Sandbox(host=host) as sandbox, http.get(sandbox.url) as response:
        assert response.status == 404


async def test_ipv6_loopback_is_served(http):
    try:
        async with Sandbox(host="::1") as sandbox, http.get(sandbox.url) as response:
            assert (response.status, sandbox.url.startswith("http://[::1]:")) == (404, True)
    except ConfigurationError:
        pytest.skip("this machine has no IPv6 loopback")


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_is_a_port(port):
    with pytest.raises(ConfigurationError, match="port must be"):
        Sandbox(port=port)


def test_an_unknown_service_is_refused():
    with pytest.raises(ConfigurationError, match="LIFECYCLE and INTERMEDIATION"):
        Sandbox(service="COOP")


async def test_a_port_in_use_is_refused_with_a_sentence(sandbox):
    port = int(sandbox.url.rsplit(":", 1)[1])
    second = Sandbox(port=port)
    with pytest.raises(ConfigurationError, match=f"port {port} of 127.0.0.1: it is in use"):
        await second.start()
    with pytest.raises(ConfigurationError, match="not running"):
        second.invoices()


async def test_starting_twice_is_refused(sandbox):
    with pytest.raises(ConfigurationError, match="running already"):
        await sandbox.start()


async def test_closing_twice_is_fine(sandbox):
    await sandbox.close()
    await sandbox.close()


async def test_closing_what_never_started_is_fine():
    await Sandbox().close()


@pytest.mark.parametrize("name", ["url", "api_key", "provisioning_token"])
def test_nothing_is_known_before_the_start(name):
    with pytest.raises(ConfigurationError, match="not running"):
        getattr(Sandbox(), name)


async def test_a_closed_sandbox_can_be_started_again(partner_of, make_invoice):
    sandbox = Sandbox()
    for _ in range(2):
        async with sandbox:
            assert (await partner_of(sandbox).post(make_invoice())).body["status"] == "PAUSED"


async def test_closing_does_not_wait_for_open_keep_alive_connections(sandbox):
    async with aiohttp.ClientSession() as session:
        async with session.get(sandbox.url) as response:
            await response.read()
        started = time.monotonic()
        await sandbox.close()
        assert time.monotonic() - started < 2


async def test_a_closed_sandbox_leaves_a_shared_clock_alone():
    clock = VirtualClock()
    async with Sandbox(clock=clock):
        pass
    clock.advance(days=1)


async def test_a_restart_keeps_keys_invoices_and_the_time(tmp_path, partner_of, make_invoice):
    db = tmp_path / "sandbox.db"
    async with Sandbox(db=db) as first:
        today = first.clock.now().date().isoformat()
        await partner_of(first).post(
            make_invoice(1, invoice__header__date=today, invoice__header__dueDate=today)
        )
        other = first.add_client("other")
        first.clock.advance(days=2)
        kept = (first.api_key, first.provisioning_token, first.clock.now(), first.invoices())
    async with Sandbox(db=db) as second:
        assert (second.api_key, second.provisioning_token, second.clock.now(), second.invoices()) == kept
        assert second.add_client("other") == other
        assert (await partner_of(second).record(1))["status"] == "INVOICED"
        assert (await partner_of(second, other).listing()).status == 200


async def test_what_was_answered_for_survives_without_an_orderly_end(tmp_path, partner_of, make_invoice):
    db, copy = tmp_path / "sandbox.db", tmp_path / "copy.db"
    async with Sandbox(db=db) as sandbox:
        await partner_of(sandbox).post(make_invoice(1))
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(db.with_name(db.name + suffix).read_bytes())
        key = sandbox.api_key
    async with Sandbox(db=copy) as restarted:
        assert restarted.api_key == key
        assert [invoice.number for invoice in restarted.invoices()] == [1]


async def test_a_given_start_wins_over_the_kept_time(tmp_path):
    start = datetime(2030, 1, 1, tzinfo=UTC)
    async with Sandbox(db=tmp_path / "db"):
        pass
    async with Sandbox(db=tmp_path / "db", clock=VirtualClock(start)) as sandbox:
        assert sandbox.clock.now() == start


async def test_a_ticking_clock_goes_on_from_the_kept_time(tmp_path):
    async with Sandbox(db=tmp_path / "db") as sandbox:
        then = sandbox.clock.advance(days=100)
    async with Sandbox(db=tmp_path / "db", clock=VirtualClock(ticking=True)) as sandbox:
        assert then <= sandbox.clock.now() < then + timedelta(minutes=5)


async def test_a_service_named_at_a_restart_is_for_invoices_from_then_on(tmp_path, partner_of, make_invoice):
    db = tmp_path / "db"
    clock = VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))
    async with Sandbox(db=db, clock=clock) as sandbox:
        await partner_of(sandbox).post(make_invoice(1))
    async with Sandbox(db=db, clock=clock, service="INTERMEDIATION") as sandbox:
        await partner_of(sandbox).post(make_invoice(2))
        sandbox.clock.advance(days=1)
        assert [invoice.status for invoice in sandbox.invoices()] == ["INVOICED", "INTERMEDIATED"]


async def test_one_file_is_one_sandboxs_at_a_time(tmp_path):
    async with Sandbox(db=tmp_path / "db"):
        with pytest.raises(ConfigurationError, match="another sandbox is using it"):
            await Sandbox(db=tmp_path / "db").start()


async def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but text of some length\n" * 100)
    with pytest.raises(ConfigurationError, match="not a database"):
        await Sandbox(db=path).start()


async def test_a_database_of_something_else_is_refused_and_left_as_it_was(tmp_path):
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="something else"):
        await Sandbox(db=path).start()
    assert path.read_bytes() == before


async def test_a_database_of_another_version_is_refused(tmp_path):
    async with Sandbox(db=tmp_path / "db"):
        pass
    connection = sqlite3.connect(tmp_path / "db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match="another version"):
        await Sandbox(db=tmp_path / "db").start()


async def test_a_folder_that_does_not_exist_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(ConfigurationError, match="the folder must exist"):
        await Sandbox(db=tmp_path / "missing" / "db").start()


async def test_time_and_invoices_may_be_used_from_another_thread(sandbox, partner, make_invoice):
    await partner.post(make_invoice(1))
    found = []

    def elsewhere():
        sandbox.clock.advance(days=1)
        found.extend(sandbox.invoices())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert [invoice.status for invoice in found] == ["INVOICED"]


async def test_a_failure_of_the_sandbox_itself_is_a_500_that_its_log_explains(
    sandbox, partner, make_invoice, caplog, monkeypatch
):
    def fail(*_):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("confirma_async.sandbox.store.invoices.InvoiceTable.add", fail)
    reply = await partner.post(make_invoice())
    assert reply.status == 500
    assert "broken on purpose" not in str(reply.body)
    assert "invoices.create" in caplog.text


async def test_a_sender_that_leaves_in_the_middle_of_a_body_is_no_error(sandbox, until, caplog):
    host, port = sandbox.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /api/v1/partner/invoice HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
    await until(lambda: sandbox.requests)
    writer.transport.abort()
    await sandbox.close()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_settings_of_a_store_are_kept_all_or_none():
    store = Store(None, TRANSITIONS)
    with pytest.raises(sqlite3.IntegrityError):
        store.accounts.put_facts({"first": "kept?", "second": cast("str", None)})
    assert store.accounts.fact("first") is None
    store.close()


async def test_a_broken_encoding_of_the_body_gets_400(http, sandbox):
    headers = {"X-Api-Key": sandbox.api_key, "Content-Encoding": "gzip"}
    async with http.post(
        f"{sandbox.url}/api/v1/partner/invoice", data=b"not gzip", headers=headers
    ) as response:
        assert response.status == 400
