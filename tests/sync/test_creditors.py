"""The accounts of many creditors from code that blocks, over a real socket."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from confirma_async import Profile, Profiles, RateLimit, RetryPolicy, Verdict
from confirma_async.errors import ConfigurationError, RequestInvalidError
from confirma_sync import Creditors

CREATE = "invoices.create"
SELLERS = {"oak": "0737546-2", "elm": "1927400-1"}


@pytest.fixture
def profiles(sandbox):
    return Profiles(
        Profile(account=name, key=sandbox.add_client(name), sellers=[seller])
        for name, seller in SELLERS.items()
    )


@pytest.fixture
def creditors(sandbox, profiles):
    with Creditors(
        profiles,
        base_url=sandbox.url,
        rate_limit=RateLimit(concurrency=8),
        retry=RetryPolicy(attempts=2, base_seconds=0.01),
    ) as many:
        yield many


@pytest.fixture
def mixed(wire_invoice):
    """Makes as many invoices, of both sellers in turn."""
    sellers = list(SELLERS.values())

    def make(count):
        return [wire_invoice(n, seller={"businessId": sellers[n % 2]}) for n in range(1, count + 1)]

    return make


def test_a_job_sends_each_invoice_under_the_key_of_its_seller(sandbox, creditors, mixed):
    heard = []
    report = creditors.submit(mixed(8), on_outcome=lambda *outcome: heard.append(outcome))
    assert {name: one.accepted for name, one in report.accounts.items()} == {"oak": 4, "elm": 4}
    assert {account for account, _ in heard} == SELLERS.keys()
    assert sandbox.requests[CREATE] == 8


def test_threads_write_through_the_outbox_of_each_seller(sandbox, creditors, mixed):
    with creditors.outboxes() as outboxes:
        with ThreadPoolExecutor(8) as threads:
            outcomes = [*threads.map(outboxes.create, mixed(16))]
        assert {one.verdict for one in outcomes} == {Verdict.ACCEPTED}
        assert sorted(outboxes) == sorted(SELLERS)
        assert len(outboxes) == len({outboxes[name].journal for name in outboxes}) == 2
    assert sandbox.requests[CREATE] == 16


def test_the_outbox_of_one_account_takes_no_other_sellers_invoice(sandbox, creditors, mixed):
    [of_elm] = mixed(1)
    with creditors.outboxes() as outboxes:
        with pytest.raises(RequestInvalidError, match="none of those whose invoices"):
            outboxes["oak"].invoices.create(of_elm)
        with pytest.raises(KeyError):
            outboxes["birch"]
        assert outboxes["elm"].invoices.create(of_elm).accepted
    assert sandbox.requests[CREATE] == 1


def test_the_mirror_reads_each_account(creditors, mixed, tmp_path):
    creditors.submit(mixed(4))
    reports = creditors.sync(tmp_path / "mirror.db")
    assert {name: report.error for name, report in reports.items()} == dict.fromkeys(SELLERS)


def test_it_shows_what_it_was_made_of(sandbox, creditors, profiles):
    assert creditors.profiles is profiles
    assert creditors.settings.base_url == sandbox.url
    assert creditors.converter.loads(b'{"a": 1}', dict) == {"a": 1}


def test_it_may_be_made_of_the_environment(sandbox, profiles, mixed, monkeypatch):
    monkeypatch.setenv("CONFIRMA_BASE_URL", sandbox.url)
    with Creditors.from_env(profiles) as many:
        assert many.submit(mixed(2)).complete
    assert sandbox.requests[CREATE] == 2


def test_nothing_is_sent_after_it_was_closed(sandbox, profiles, mixed):
    with Creditors(profiles, base_url=sandbox.url) as many:
        pass
    with pytest.raises(ConfigurationError, match="closed"):
        many.submit(mixed(1))
    assert not sandbox.requests[CREATE]
