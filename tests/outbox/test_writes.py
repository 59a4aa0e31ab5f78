"""Actions, ledgers, payments and clients, to a sandbox over a real socket: each once, whatever comes."""

import asyncio
import datetime
import gc
import json
import time
from decimal import Decimal
from types import SimpleNamespace

import pytest

from confirma_async import Confirma, Overrides, Verdict
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.journal.writes import Write
from confirma_async.bulk.models import State, digest_of
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import (
    ConfigurationError,
    JournalError,
    PermissionDeniedError,
    RequestInvalidError,
)
from confirma_async.outbox.writes import desk
from confirma_async.resources.accounting import prepared_ledger
from confirma_async.sandbox import Fault, Sandbox
from confirma_async.schemas import (
    AccountingPayment,
    Client,
    ClientRequest,
    Comment,
    DirectPayment,
    Ledger,
    LedgerRow,
    Pause,
    Service,
)
from confirma_async.validation import Checks

ACTIONS, LEDGER, PAYMENTS = (
    "invoices.create_actions",
    "accounting.submit_ledger",
    "accounting.submit_payments",
)
CLIENT = "onboarding.create_client"
LOST = [Fault.RESET_AFTER_COMMIT, Fault.TRUNCATED_BODY]


def ledger(identifier="2026-11", text="November"):
    rows = [LedgerRow(account_number=n, amount=a, net_amount=a) for n, a in ROWS]
    return Ledger(
        ledger_identifier=identifier, document_date=datetime.date(2026, 11, 30), document_description=text,
        ledger_rows=rows,
    )  # fmt: skip


ROWS = [("3000", Decimal("-10.00")), ("1700", Decimal("10.00"))]


def payment(identifier="p-1", amount="12.40"):
    return AccountingPayment(
        payment_identifier=identifier, invoice_number="1042", amount=Decimal(amount), currency="EUR",
        payment_date=datetime.date(2026, 11, 20), target_identifier="invoicenumber",
    )  # fmt: skip


def paid(amount="10.00", number=1):
    return DirectPayment(invoice_number=number, amount=Decimal(amount), currency="EUR")


REQUEST = ClientRequest(
    service=Service(type="LIFECYCLE", partner_code="P1"),
    client=Client(name="Esimerkki Oy", business_code="2077474-0", country_code="FI"),
)


@pytest.fixture
async def case(confirma, sandbox, wire_invoice):
    """An invoice with a case; returns its payments."""
    await confirma.invoices.create(wire_invoice(1, amounts={"grossAmount": 124}))
    sandbox.advance(days=1)

    async def payments():
        return (await confirma.invoices.case(invoice_number=1)).case.payments

    return payments


# --- given ------------------------------------------------------------------------------------------------


async def test_actions_that_are_queued_are_accepted(outbox, sandbox, case):
    outcome = await outbox.invoices.create_actions([paid()], key="payment-1")
    assert (outcome.verdict, outcome.key, outcome.status) == (Verdict.ACCEPTED, "payment-1", "PENDING")
    assert outcome.receipt.actions[0].code == "DIRECTPAYMENT"
    sandbox.advance(minutes=6)
    assert [one.amount for one in await case()] == [Decimal("10.00")]


async def test_the_same_key_is_one_request(outbox, sandbox, case):
    outcomes = await asyncio.gather(
        *(outbox.invoices.create_actions([paid()], key="payment-1") for _ in range(5))
    )
    again = await outbox.invoices.create_actions([paid()], key="payment-1")
    assert {one.verdict for one in (*outcomes, again)} == {Verdict.ACCEPTED}
    assert again.resumed
    assert sandbox.requests[ACTIONS] == 1


async def test_the_same_contents_under_another_key_are_another_request(outbox, sandbox, case):
    for key in ("payment-1", "payment-2"):
        assert (await outbox.invoices.create_actions([paid()], key=key)).accepted
    assert sandbox.requests[ACTIONS] == 2


async def test_a_key_used_for_other_contents_is_a_sentence(outbox, sandbox, case):
    await outbox.invoices.create_actions([paid()], key="payment-1")
    with pytest.raises(RequestInvalidError, match=r"payment-1.*other contents.*\(accepted\)"):
        await outbox.invoices.create_actions([paid("11.00")], key="payment-1")
    assert sandbox.requests[ACTIONS] == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb"])
async def test_a_key_that_can_be_none_is_refused(outbox, key):
    with pytest.raises(RequestInvalidError, match="order-4711"):
        await outbox.invoices.create_actions([paid()], key=key)


async def test_actions_that_the_service_refuses_are_rejected(outbox):
    outcome = await outbox.invoices.create_actions([paid(number=99)], key="payment-1")
    assert outcome.verdict in {Verdict.REJECTED, Verdict.NOT_SENT}
    assert outcome.detail


async def test_an_answer_in_an_unknown_form_is_believed_once_the_read_has_confirmed_it(outbox, sandbox):
    first = await outbox.accounting.submit_ledger(ledger())
    await outbox.look_up()
    known = await outbox.accounting.submit_ledger(ledger())
    second = await outbox.accounting.submit_ledger(ledger("2026-12"))
    assert [one.verdict for one in (first, known, second)] == [
        Verdict.UNKNOWN,
        Verdict.ACCEPTED,
        Verdict.ACCEPTED,
    ]
    assert second.receipt.message
    assert sandbox.requests[LEDGER] == 2


async def test_payments_are_known_by_their_identifiers(outbox, sandbox):
    await outbox.accounting.submit_payments([payment("p-1"), payment("p-2")])
    await outbox.look_up()
    again = await outbox.accounting.submit_payments([payment("p-1"), payment("p-2")])
    assert (again.verdict, again.resumed) == (Verdict.ACCEPTED, True)
    with pytest.raises(RequestInvalidError, match="identifiers"):
        await outbox.accounting.submit_payments([payment("p-2"), payment("p-3")])
    assert sandbox.requests[PAYMENTS] == 1


@pytest.mark.parametrize("verb", ["submit_ledger", "submit_payments"])
async def test_what_has_no_identifier_needs_a_key(outbox, verb):
    given = ledger(None) if verb == "submit_ledger" else [payment(None)]
    with pytest.raises(RequestInvalidError, match="must be given"):
        await getattr(outbox.accounting, verb)(given, validate=False)


async def test_a_client_is_onboarded_once(client, sandbox, journal):
    confirma = client(provisioning_token=sandbox.provisioning_token)
    async with confirma, confirma.outbox(journal=journal) as outbox:
        created = await outbox.onboarding.create_client(REQUEST)
        again = await outbox.onboarding.create_client(REQUEST)
    assert (created.accepted, created.key) == (True, "2077474-0")
    assert created.receipt.api_access_token
    assert (again.accepted, again.resumed, again.receipt) == (True, True, None)
    assert sandbox.requests[CLIENT] == 1


async def test_a_new_clients_key_that_stands_elsewhere_in_the_answer_is_not_lost(journal):
    overrides = Overrides(names={"ClientCreated.api_access_token": "key"}, forced=True)
    async with Sandbox(overrides=overrides) as sandbox:
        confirma = Confirma(
            sandbox.api_key, provisioning_token=sandbox.provisioning_token, base_url=sandbox.url
        )
        async with confirma, confirma.outbox(journal=journal) as outbox:
            created = await outbox.onboarding.create_client(REQUEST)
    assert created.verdict is Verdict.UNKNOWN
    assert created.unread is not None
    assert json.loads(created.unread.reveal())["key"]


async def test_the_wrong_token_is_not_sent_and_keeps_nothing_else(client, sandbox, journal, wire_invoice):
    confirma = client(provisioning_token="no such token")
    async with confirma, confirma.outbox(journal=journal) as outbox:
        refused = await outbox.onboarding.create_client(REQUEST)
        assert (await outbox.invoices.create(wire_invoice(1))).accepted
        wanted = {one.operation for one in await outbox.wanted()}
    assert refused.verdict is Verdict.NOT_SENT
    assert refused.error is not None
    assert not isinstance(refused.error, PermissionDeniedError) or refused.detail
    assert wanted == {CLIENT}


# --- lost -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", LOST)
async def test_a_lost_payment_is_found_in_the_case(outbox, sandbox, case, fault):
    sandbox.faults.add(fault, operation=ACTIONS)
    lost = await outbox.invoices.create_actions([paid()], key="payment-1")
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.UNKNOWN]  # the service has not begun
    sandbox.advance(minutes=6)
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.ACCEPTED]
    assert lost.verdict is Verdict.UNKNOWN
    assert sandbox.requests[ACTIONS] == 1


async def test_a_payment_that_never_arrived_stays_unknown(outbox, sandbox, case):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=ACTIONS)
    await outbox.invoices.create_actions([paid()], key="payment-1")
    sandbox.advance(days=3)
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.UNKNOWN]
    assert sandbox.requests[ACTIONS] == 1


async def test_one_of_two_like_payments_is_not_taken_for_the_other(outbox, sandbox, case):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=ACTIONS)
    await outbox.invoices.create_actions([paid()], key="payment-1")
    await outbox.invoices.create_actions([paid()], key="payment-2")
    sandbox.advance(minutes=6)
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.UNKNOWN]


async def test_a_payment_named_by_its_case_is_not_taken_for_one_named_by_its_invoice(
    outbox, confirma, sandbox, case
):
    ident = (await confirma.invoices.case(invoice_number=1)).case.summary.case_id
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=ACTIONS)
    lost = DirectPayment(case_id=ident, amount=Decimal("10.00"), currency="EUR")
    await outbox.invoices.create_actions([lost], key="payment-1")
    await outbox.invoices.create_actions([paid("10")], key="payment-2")
    sandbox.advance(minutes=6)
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.UNKNOWN]


@pytest.mark.parametrize("actions", [[Pause(invoice_number=1)], [Comment(invoice_number=1, comment="Call.")]])
async def test_other_actions_are_found_by_their_events(outbox, sandbox, case, actions):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=ACTIONS)
    await outbox.invoices.create_actions(actions, key="a")
    sandbox.advance(minutes=6)
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.ACCEPTED]


async def test_a_payment_that_was_sent_without_its_amount_is_shown_by_none(
    outbox, sandbox, case, confirma, caplog
):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=ACTIONS)
    unchecked = {"code": "DIRECTPAYMENT", "data": {"invoiceNumber": 1}}
    await outbox.invoices.create_actions([unchecked], key="a", validate=False)
    await confirma.invoices.create_actions([paid()])
    sandbox.advance(minutes=6)
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.UNKNOWN]
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_the_comment_of_somebody_else_is_not_taken_for_it(outbox, sandbox, case, confirma):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=ACTIONS)
    await outbox.invoices.create_actions([Comment(invoice_number=1, comment="Call.")], key="a")
    await confirma.invoices.create_actions([Comment(invoice_number=1, comment="Letter.")])
    sandbox.advance(minutes=6)
    assert [one.verdict for one in await outbox.look_up()] == [Verdict.UNKNOWN]


@pytest.mark.parametrize("fault", LOST)
async def test_lost_ledgers_and_payments_are_found_in_the_statuses(outbox, sandbox, fault):
    for operation in (LEDGER, PAYMENTS):
        sandbox.faults.add(fault, operation=operation)
    await outbox.accounting.submit_ledger(ledger())
    await outbox.accounting.submit_payments([payment()])
    await outbox.look_up()
    assert (await outbox.accounting.submit_ledger(ledger())).accepted
    assert (await outbox.accounting.submit_payments([payment()])).accepted
    assert (sandbox.requests[LEDGER], sandbox.requests[PAYMENTS]) == (1, 1)


async def test_a_lost_client_waits_for_a_person(client, sandbox, journal, monkeypatch):
    sandbox.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CLIENT)
    confirma = client(provisioning_token=sandbox.provisioning_token)
    async with confirma, confirma.outbox(journal=journal) as outbox:
        await outbox.onboarding.create_client(REQUEST)
        (standing,) = await outbox.look_up()
        assert standing.verdict is Verdict.UNKNOWN
        with pytest.raises(JournalError, match="may still arrive"):
            await outbox.resolve(CLIENT, "2077474-0", "not sent", because="the vendor says so")
        in_an_hour = time.time() + 3600.0
        monkeypatch.setattr(desk, "time", SimpleNamespace(time=lambda: in_an_hour))
        await outbox.resolve(CLIENT, "2077474-0", "not sent", because="the vendor says so")
        await outbox.look_up()
        assert (await outbox.onboarding.create_client(REQUEST)).accepted
    assert sandbox.requests[CLIENT] == 2


async def test_what_a_person_accepts_confirms_the_form_of_its_answer(outbox, sandbox):
    sandbox.faults.add(Fault.SERVER_ERROR, operation="accounting.ledger_statuses", times=None, status=500)
    await outbox.accounting.submit_ledger(ledger())
    await outbox.resolve(LEDGER, "2026-11", Verdict.ACCEPTED, because="it is in the books")
    known = await outbox.accounting.submit_ledger(ledger())
    assert (known.verdict, known.resumed) in [(Verdict.ACCEPTED, True), (Verdict.UNKNOWN, True)]
    assert (await outbox.accounting.submit_ledger(ledger("2026-12"))).accepted


@pytest.mark.parametrize(
    ("key", "verdict", "reported"),
    [
        ("no-such", "accepted", "knows no"),
        ("2026-11", "unknown", "verdict must be"),
        ("2026-11", "accepted", "only what"),
    ],
)
async def test_only_what_is_unknown_is_resolved(outbox, key, verdict, reported):
    await outbox.accounting.submit_ledger(ledger())
    await outbox.look_up()
    with pytest.raises(ConfigurationError, match=reported):
        await outbox.resolve(LEDGER, key, verdict, because="x")


async def test_a_rejected_write_is_sent_again_when_asked_for(outbox, sandbox):
    sandbox.faults.add(Fault.REFUSAL, operation=LEDGER, status=422)
    rejected = await outbox.accounting.submit_ledger(ledger())
    assert rejected.verdict is Verdict.REJECTED
    with pytest.raises(RequestInvalidError, match="retry='changed'"):
        await outbox.accounting.submit_ledger(ledger(text="Better"))
    again = await outbox.accounting.submit_ledger(ledger(text="Better"), retry="changed")
    assert again.verdict in {Verdict.UNKNOWN, Verdict.ACCEPTED}
    assert sandbox.requests[LEDGER] == 2


# --- closed, crashed --------------------------------------------------------------------------------------


async def test_a_write_that_a_crash_left_is_looked_for_without_its_contents(confirma, sandbox, journal, case):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=ACTIONS)
    async with confirma.outbox(journal=journal) as outbox:
        await outbox.invoices.create_actions([paid()], key="payment-1")
    sandbox.advance(minutes=6)
    async with confirma.outbox(journal=journal) as outbox:
        await outbox.look_up()
        known = await outbox.invoices.create_actions([paid()], key="payment-1")
    assert (known.verdict, known.resumed) == (Verdict.ACCEPTED, True)
    assert sandbox.requests[ACTIONS] == 1


async def test_what_was_being_sent_in_a_crash_is_unknown(confirma, sandbox, journal):
    dead = open_sqlite(journal)
    with dead.transaction():
        run = dead.runs.begin(JobName(sandbox.url), now=0.0)
        body = prepared_ledger(ledger(), confirma.converter, Checks()).body
        digest = digest_of(body)
        claim = dead.writes.claim(Write(operation=LEDGER, key="2026-11", digest=digest), run)
        dead.writes.sending(claim.row.id, run, 0.0, 1.0)
    dead.close()
    async with confirma.outbox(journal=journal) as outbox:
        given = await outbox.accounting.submit_ledger(ledger())
    assert (given.verdict, sandbox.requests[LEDGER]) == (Verdict.UNKNOWN, 0)


async def test_a_journal_in_doubt_sends_no_write(confirma, sandbox, journal, tmp_path):
    async with confirma.outbox(journal=journal) as outbox:
        await outbox.accounting.submit_ledger(ledger())
        await outbox.look_up()
    copy = tmp_path / "copy.journal"
    copy.write_bytes(journal.read_bytes())
    async with confirma.outbox(journal=copy) as outbox:
        assert outbox.warnings
        outcome = await outbox.accounting.submit_ledger(ledger("2026-12"))
    assert (outcome.verdict, sandbox.requests[LEDGER]) == (Verdict.UNKNOWN, 1)
    with reading(copy) as kept:
        assert [row.key for row in kept.writes.rows(State.UNKNOWN)] == ["2026-12"]
