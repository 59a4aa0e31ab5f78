"""Name, connection and certificate, against hosts with each of them broken."""

import asyncio
import datetime
import json
import os
import subprocess
import sys
import uuid

import pytest

from confirma_async.doctor import Health
from confirma_async.doctor.context import Context, Setup
from confirma_async.doctor.network import check_name
from tests.doctor.conftest import CERTIFICATES, trusting


async def test_a_name_without_an_address_ends_the_way(examined):
    found = await examined("https://nowhere.invalid")
    assert found["name"].health is Health.BAD
    assert "nowhere.invalid" in found["name"].message
    assert found["connection"].message == "not looked at: see name"


async def test_a_name_has_an_address(host, examined):
    found = await examined(await host())
    assert found["name"].health is Health.GOOD
    assert "localhost has the address " in found["name"].message


async def test_an_address_needs_no_looking_up(examined, unused_tcp_port):
    found = await examined(f"http://127.0.0.1:{unused_tcp_port}")
    assert "an address already" in found["name"].message


async def test_a_closed_port_is_named(examined, unused_tcp_port):
    found = await examined(f"http://127.0.0.1:{unused_tcp_port}")
    assert found["connection"].health is Health.BAD
    assert (
        f"127.0.0.1:{unused_tcp_port} cannot be reached (connection refused)" in found["connection"].message
    )
    assert "firewall" in found["connection"].remedy
    assert found["accepted"].health is Health.SKIPPED


async def test_a_proxy_of_the_environment_is_told_of(examined, unused_tcp_port):
    found = await examined(f"http://127.0.0.1:{unused_tcp_port}", variables={"HTTPS_PROXY": "http://p:1"})
    assert "trust_env=True" in found["connection"].remedy


@pytest.mark.parametrize(
    ("certificate", "trusted", "words"),
    [
        ("good", None, "signed by itself"),
        ("expired", "expired", "has expired"),
        ("other-host", "other-host", "of another host"),
    ],
)
async def test_a_bad_certificate_is_told_in_words_and_no_key_is_sent(
    host, examined, certificate, trusted, words
):
    url = await host(certificate=certificate)
    found = await examined(url, ssl_context=trusted and trusting(trusted))
    assert found["certificate"].health is Health.BAD
    assert words in found["certificate"].message
    assert "do not send anything" in found["certificate"].remedy
    assert found["accepted"].health is Health.SKIPPED


async def test_a_good_certificate_tells_how_long_it_will_be(host, examined):
    found = await examined(await host(certificate="good"), ssl_context=trusting("good"))
    assert found["certificate"].health is Health.GOOD
    assert "valid until 2126-01-01" in found["certificate"].message
    assert found["accepted"].health is Health.GOOD


async def test_commands_trust_the_certificates_of_the_file_that_ssl_cert_file_names(host):
    command = [sys.executable, "-m", "confirma_async.cli", "doctor", "--json"]
    environment = {
        **os.environ,
        "CONFIRMA_BASE_URL": await host(certificate="good"),
        "CONFIRMA_API_KEY": str(uuid.uuid4()),
        "SSL_CERT_FILE": str(CERTIFICATES / "good.pem"),
    }
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=subprocess.PIPE)
    printed, _ = await process.communicate()
    found = {finding["check"]: finding["health"] for finding in json.loads(printed)["findings"]}
    assert (found["certificate"], found["accepted"]) == ("good", "good")


async def test_a_certificate_about_to_expire_is_doubtful(host, examined):
    now = datetime.datetime(2125, 12, 25, 12, tzinfo=datetime.UTC).timestamp
    found = await examined(await host(certificate="good"), ssl_context=trusting("good"), now=now)
    assert found["certificate"].health is Health.DOUBTFUL
    assert "6 more days" in found["certificate"].message


async def test_a_host_without_tls_is_told(host, examined):
    url = await host()
    found = await examined(url.replace("http:", "https:"))
    assert found["certificate"].health is Health.BAD
    assert "makes no TLS connection" in found["certificate"].message


async def test_a_name_no_server_answers_for_is_told(monkeypatch):
    async def hang(*_arguments, **_options):
        await asyncio.Event().wait()

    context = Context(Setup(timeout=0.01), base_url="https://slow.example")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    finding = await check_name(context)
    assert finding.health is Health.BAD
    assert "no name server answered" in finding.message
