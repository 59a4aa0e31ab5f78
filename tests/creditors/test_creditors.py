"""Invoices of many sellers, each sent under the key of its own account."""

import asyncio
import json
import os
from collections import Counter

import pytest
from attrs import evolve

from confirma_async import Creditors, FileTokenStore, Profile, Profiles, RateLimit, Response, Verdict
from confirma_async.accounts.registry import Accounts
from confirma_async.bulk.journal_places import reading
from confirma_async.errors import ConfigurationError, Problem, RequestInvalidError
from confirma_async.formats import Place
from confirma_async.formats.models import BadRecord
from tests.creditors.conftest import SELLERS

CREATE = "invoices.create"


async def test_each_invoice_is_sent_under_the_key_of_its_seller(sandbox, creditors, mixed):
    async with creditors() as many:
        report = await many.submit(mixed(40))
    assert {name: one.accepted for name, one in report.accounts.items()} == {"oak": 20, "elm": 10, "ash": 10}
    assert report.complete
    assert not report.refused


async def test_the_same_job_again_sends_nothing(sandbox, creditors, mixed):
    async with creditors() as many:
        await many.submit(mixed(12))
    async with creditors() as many:
        report = await many.submit(mixed(12))
    assert sum(one.resumed for one in report.accounts.values()) == 12
    assert sandbox.requests[CREATE] == 12


async def test_each_account_keeps_what_it_sent_in_its_own_journal(creditors, mixed):
    async with creditors() as many:
        await many.submit(mixed(8))
    for name, record in Accounts().of("localhost").items():
        with reading(record.journal) as journal:
            sellers = {row.key.seller for row in journal.rows()}
        assert sellers == {seller.replace("-", "") for seller in SELLERS[name]}


async def test_an_unknown_seller_has_nothing_sent_at_all(sandbox, creditors, mixed, invoice_of):
    async with creditors() as many:
        with pytest.raises(RequestInvalidError, match=r"seller 16017933; .* \(it stands first at record 9\)"):
            await many.submit([*mixed(8), invoice_of("1601793-3", 99)])
    assert not sandbox.requests[CREATE]


async def test_invoices_that_can_be_read_only_once_are_refused(sandbox, creditors, mixed):
    async with creditors() as many:
        with pytest.raises(ConfigurationError, match="are read twice here"):
            await many.submit(iter(mixed(4)))
    assert not sandbox.requests[CREATE]


async def test_a_seller_that_turns_up_later_is_refused_alone(sandbox, creditors, mixed, invoice_of):
    async with creditors() as many:
        report = await many.submit([*mixed(4), invoice_of("1601793-3", 99)], counts={"oak": 2})
    assert (report.refused, report.issues[0].number) == (1, "99")
    assert sandbox.requests[CREATE] == 4


async def test_what_cannot_be_read_is_of_no_account(creditors, mixed):
    unreadable = BadRecord(place=Place("in.csv", 7), problems=[Problem("B7", "number", "is none")])
    heard = []
    async with creditors() as many:
        report = await many.submit(
            [unreadable, *mixed(4)], on_outcome=lambda *on_outcome: heard.append(on_outcome)
        )
    assert (report.refused, str(report.issues[0].place)) == (1, "in.csv:7")
    assert Counter(account for account, _ in heard) == {None: 1, "oak": 2, "elm": 1, "ash": 1}


async def test_an_expired_key_pauses_its_account_alone(sandbox, creditors, mixed):
    sandbox.expire_token(client="elm")
    async with creditors() as many:
        report = await many.submit(mixed(2000))
    assert report.accounts["elm"].paused
    assert not report.accounts["elm"].accepted
    assert (report.accounts["oak"].accepted, report.accounts["ash"].accepted) == (1000, 500)
    assert not report.complete


async def test_a_key_of_another_account_is_refused_before_anything_is_sent(
    sandbox, creditors, profiles, keys, mixed
):
    async with creditors() as many:
        await many.submit(mixed(4))
    swapped = profiles(oak={"key": keys["elm"]}, elm={"key": keys["oak"]})
    async with creditors(swapped) as many:
        with pytest.raises(ConfigurationError, match="key of the profile oak belongs to the account elm"):
            await many.submit(mixed(8))
    assert sandbox.requests[CREATE] == 4


async def test_two_files_with_the_same_key_are_refused(creditors, profiles, keys, mixed, sandbox):
    async def key():
        return keys["oak"]

    async with creditors(profiles(ash={"key": key})) as many:
        with pytest.raises(ConfigurationError, match="key of the profile ash belongs to the account oak"):
            await many.submit(mixed(4))
    assert not sandbox.requests[CREATE]


async def test_the_journal_of_another_account_is_refused_before_anything_is_sent(
    sandbox, creditors, profiles, mixed
):
    async with creditors() as many:
        await many.submit(mixed(4))
    journal = Accounts().of("localhost")["elm"].journal
    async with creditors(profiles(ash={"journal": journal})) as many:
        with pytest.raises(ConfigurationError, match=r"profile ash: the journal .* of the account elm"):
            await many.submit(mixed(8))
    assert sandbox.requests[CREATE] == 4


async def test_an_account_with_a_rate_keeps_it(sandbox, creditors, profiles, mixed):
    async with creditors(profiles(elm={"per_second": 20})) as many:
        report = await many.submit(mixed(40))
    assert report.accounts["elm"].seconds >= 9 / 20
    assert report.complete


async def test_a_job_that_is_stopped_goes_on_where_it_was(sandbox, creditors, mixed):
    stop = asyncio.Event()
    async with creditors() as many:
        report = await many.submit(mixed(200), stop=stop, on_outcome=lambda *_: stop.set())
        assert not report.complete
        report = await many.submit(mixed(200))
    assert report.complete
    assert sandbox.requests[CREATE] == 200


async def test_a_source_that_fails_lets_what_is_under_way_end(sandbox, creditors, mixed):
    def failing():
        yield from mixed(100)
        raise ValueError("the source broke")

    async with creditors() as many:
        with pytest.raises(ValueError, match="the source broke"):
            await many.submit(failing, counts={"oak": 1})
        report = await many.submit(mixed(100))
    assert report.complete
    assert sandbox.requests[CREATE] == 100


@pytest.fixture
def key_files(keys, tmp_path):
    """The keys in files, by account."""
    files = {name: tmp_path / f"{name}.key" for name in keys}
    for name, file in files.items():
        file.touch(mode=0o600)
        file.write_text(keys[name])
    return files


@pytest.mark.parametrize("journal", [None, "own.journal"])
@pytest.mark.parametrize("known", [True, False])
async def test_a_key_that_is_put_in_the_place_of_another_accounts_is_not_used(
    sandbox, creditors, profiles, keys, key_files, invoice_of, tmp_path, journal, known
):
    own = {} if journal is None else {"journal": tmp_path / journal}
    chosen = profiles(**{name: {"key": FileTokenStore(file)} for name, file in key_files.items()})
    chosen = Profiles([evolve(chosen["oak"], **own), chosen["elm"]])
    async with creditors(chosen) as many, many.outboxes() as outboxes:
        await outboxes.create(invoice_of("0737546-2", 1))
        if known:
            await outboxes.create(invoice_of("1927400-1", 1))
        sent = sandbox.requests[CREATE]
        key_files["oak"].write_text(keys["elm"])
        sandbox.expire_token(client="oak")
        reported = await outboxes.create(invoice_of("0737546-2", 2))
    assert reported.verdict is Verdict.NOT_SENT
    assert sandbox.requests[CREATE] == sent + 1  # refused, under its own key


# --- outboxes and the mirror --------------------------------------------------------------------------


async def test_an_outbox_sends_each_invoice_under_the_key_of_its_seller(sandbox, creditors, mixed):
    async with creditors() as many, many.outboxes() as outboxes:
        outcomes = await asyncio.gather(*map(outboxes.create, mixed(20)))
        assert {one.verdict for one in outcomes} == {Verdict.ACCEPTED}
        assert len({outboxes[name].journal for name in outboxes}) == 3
    assert sandbox.requests[CREATE] == 20


async def test_the_outbox_of_an_account_takes_no_other_sellers_invoice(sandbox, creditors, invoice_of):
    async with creditors() as many, many.outboxes() as outboxes:
        with pytest.raises(RequestInvalidError, match="none of those whose invoices"):
            await outboxes["oak"].invoices.create(invoice_of("1927400-1", 1))
        with pytest.raises(RequestInvalidError, match="no profile names the seller"):
            await outboxes.create(invoice_of("1601793-3", 1))
        with pytest.raises(KeyError):
            outboxes["birch"]
    assert not sandbox.requests[CREATE]


async def test_an_expired_key_stops_the_outbox_of_its_account_alone(sandbox, creditors, invoice_of):
    sandbox.expire_token(client="elm")
    async with creditors() as many, many.outboxes() as outboxes:
        assert (await outboxes.create(invoice_of("1927400-1", 1))).verdict is Verdict.NOT_SENT
        assert (await outboxes.create(invoice_of("0737546-2", 1))).accepted


async def test_outboxes_are_used_while_they_are_open(creditors, invoice_of):
    async with creditors() as many:
        with pytest.raises(ConfigurationError, match="not open"):
            await many.outboxes().create(invoice_of("0737546-2", 1))


async def test_the_mirror_reads_each_account_under_its_own_key(sandbox, creditors, mixed, tmp_path):
    sandbox.expire_token(client="elm")
    async with creditors() as many:
        await many.submit(mixed(8))
        reports = await many.sync(tmp_path / "mirror.db")
    assert reports.keys() == SELLERS.keys()
    assert {name for name, report in reports.items() if report.error is not None} == {"elm"}
    assert {report.account for report in reports.values()} == SELLERS.keys()


# --- no foreign key -----------------------------------------------------------------------------------


class Watching:
    """Answers every invoice, and notes each that comes with a key that is not its seller's."""

    def __init__(self, key_of):
        self.key_of = key_of
        self.sent = 0
        self.under_way = self.widest = 0
        self.foreign = []

    async def send(self, request):
        header = json.loads(request.body)["invoice"]
        seller = header["parties"]["sellerParty"]["businessId"]
        self.under_way += 1
        self.widest = max(self.widest, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        self.sent += 1
        if request.headers["X-Api-Key"] != self.key_of[seller]:
            self.foreign.append(seller)
        answer = {"status": "PAUSED", "invoiceNumber": header["header"]["number"]}
        return Response(status=201, headers={}, body=json.dumps(answer).encode())

    async def close(self):
        """Hold nothing."""


def numbered_sellers(count):
    """Business ids with their check digits."""
    found = []
    for number in range(1_000_000, 10_000_000):
        weights = zip(str(number), (7, 9, 10, 5, 8, 4, 2), strict=True)
        rest = sum(int(digit) * weight for digit, weight in weights) % 11
        if rest != 1:
            found.append(f"{number}-{0 if rest == 0 else 11 - rest}")
        if len(found) == count:
            return found
    raise AssertionError


async def test_no_request_of_many_mixed_sends_carries_a_foreign_key(invoice_of):
    sellers = numbered_sellers(20)
    profiles = Profiles(
        Profile(account=f"account-{n}", key=f"key-{n}", sellers=sellers[2 * n : 2 * n + 2]) for n in range(10)
    )
    key_of = {seller: f"key-{n // 2}" for n, seller in enumerate(sellers)}
    transport = Watching(key_of)
    many = Creditors(
        profiles, base_url="http://127.0.0.1:1", transport=transport, rate_limit=RateLimit(concurrency=64)
    )
    sends = int(os.environ.get("CONFIRMA_MIXED_SENDS", "1500"))  # 100,000 where there is time for it
    job = [invoice_of(sellers[7 * n % 20], n) for n in range(1, sends * 2 // 3)]
    alone = iter([invoice_of(sellers[3 * n % 20], n) for n in range(sends * 2 // 3, sends + 1)])
    async with many, many.outboxes() as outboxes:

        async def write():
            for invoice in alone:
                await outboxes.create(invoice)

        await asyncio.gather(many.submit(job), *(write() for _ in range(64)))
    assert transport.sent == sends
    assert not transport.foreign
    assert 16 < transport.widest <= 64  # as wide as the machine happens to be
