"""The reconciliation finds what differs, all of it, and nothing else; to the cent."""

import datetime
from collections import Counter
from decimal import Decimal

import pytest
from parts.seeded_differences import NOW, fill, seeded

from confirma_async.converters import Converter
from confirma_async.errors import MirrorError
from confirma_async.mirror.rebuilding import rebuild
from confirma_async.mirror.reconciliation.keeping import explain, reconcile
from confirma_async.mirror.reconciliation.kinds import DIFFERENCES, DifferenceKind, Horizons
from confirma_async.mirror.store.opening import open_mirror
from confirma_async.sandbox import Fault


@pytest.fixture
def database(place):
    opened = open_mirror(place, make=True)
    yield opened
    opened.close()


def found_of(reconciliation):
    return Counter((each.kind, each.subject) for each in reconciliation.differences)


@pytest.fixture
def run(database):
    def reconciled(account, now=NOW):
        return reconcile(database, account, [], Horizons(), now)

    return reconciled


def test_each_kind_is_found_and_nothing_else(database, run):
    what = seeded(480, 4)
    result = run(fill(database, what))
    assert {kind for kind, _ in what.wanted} == set(DIFFERENCES)
    assert found_of(result) == what.wanted
    assert not result.not_checked


def test_one_broken_cent_is_found(database, run):
    result = run(fill(database, seeded(200, 1, off=1)))
    (broken,) = [each for each in result.differences if each.kind is DifferenceKind.SUM_BROKEN]
    (differs,) = [each for each in result.differences if each.kind is DifferenceKind.AMOUNT_DIFFERS]
    assert broken.cents == 1
    assert differs.cents == 1


def test_totals_add_up_by_currency(database, run):
    what = seeded(480, 4)
    result = run(fill(database, what))
    sums: Counter[str] = Counter()
    for total in result.totals:
        if total.what == "invoices":
            sums[total.currency] += total.cents
    assert sums == what.sums
    paid = sum(int(payment["amount"] * 100) for payment in what.payments)
    assert sum(total.cents for total in result.totals if total.what == "payments") == paid


def test_names_stay_and_an_explanation_survives(database, run):
    account = fill(database, seeded(240, 2))
    first = run(account)
    explain(database, account, first.differences[0].id, "agreed on the phone", NOW)
    later = run(account, NOW + datetime.timedelta(days=1))
    assert [each.id for each in later.differences] == [each.id for each in first.differences]
    assert later.differences[0].note == "agreed on the phone"
    assert later.differences[0].first_seen == first.differences[0].first_seen
    assert len(later.open) == len(later.differences) - 1


def test_an_explanation_survives_another_order_and_columns_that_are_made_anew(database, run):
    account = fill(database, seeded(240, 2))
    first = run(account)
    for each in first.differences:
        explain(database, account, each.id, "=cmd()", NOW)
    rebuild(database, Converter(), NOW)
    database.run("UPDATE allocation_data SET position = position + 1")  # the service lists another one first
    later = run(account, NOW + datetime.timedelta(days=1))
    assert [each.id for each in later.differences] == [each.id for each in first.differences]
    assert later.open == []


def test_a_difference_that_is_none_any_more_is_told_once(database, run):
    account = fill(database, seeded(240, 2))
    first = run(account)
    missing = next(each for each in first.differences if each.kind is DifferenceKind.FAILED)
    database.run("UPDATE distribution_data SET status = 'INVOICED' WHERE status = 'ERROR'")
    second = run(account)
    assert missing.id in second.closed
    assert run(account).closed == []


def test_only_new_differences_are_events(database, run):
    account = fill(database, seeded(240, 2))
    count = len(run(account).differences)
    run(account)
    assert database.rows("SELECT count(*) FROM event WHERE type = 'difference.found'") == [(count,)]


def test_explaining_what_there_is_not_is_refused(database, run):
    account = fill(database, seeded(24, 1))
    with pytest.raises(MirrorError, match="no difference nothing"):
        explain(database, account, "nothing", "why", NOW)


@pytest.mark.parametrize("stream", ["distributions", "payments", "settlements"])
def test_what_a_list_that_is_not_proved_would_tell_is_not_checked(database, run, stream):
    account = fill(database, seeded(240, 2))
    database.run("UPDATE reading SET reason = 'HTTP 500' WHERE stream = ?", (stream,))
    result = run(account)
    absent = {
        "distributions": {DifferenceKind.MISSING},
        "payments": {DifferenceKind.SETTLED_WITHOUT_PAYMENT},
        "settlements": {DifferenceKind.PAID_NOT_SETTLED},
    }[stream]
    assert not absent & {each.kind for each in result.differences}
    assert result.not_checked
    what = {"distributions": "invoices"}.get(stream, stream)
    assert not [
        total for total in result.totals if total.what == what and total.kind is DifferenceKind.MATCHED
    ]


def test_what_is_young_is_pending(database, run):
    account = fill(database, seeded(240, 2))
    database.run("UPDATE sent SET sent_at = '2026-11-01T09:00:00.000Z'")
    database.run("UPDATE payment_data SET booked_at = '2026-10-30T09:00:00.000Z'")
    kinds = {each.kind for each in run(account).differences}
    assert not {DifferenceKind.MISSING, DifferenceKind.PAID_NOT_SETTLED} & kinds


def test_two_equal_payments_need_two_allocations(database, run):
    what = seeded(20, 0)
    what.payments.append(dict(what.payments[3]))
    result = run(fill(database, what))
    (difference,) = result.differences
    assert difference.kind is DifferenceKind.PAID_NOT_SETTLED


def test_an_amount_alone_matches_nothing(database, run):
    what = seeded(20, 0)
    allocation = what.settlements[3]["allocations"][0]
    allocation |= {"caseId": 1, "originalInvoiceNumber": "999", "originalPaymentReference": "Z"}
    kinds = Counter(each.kind for each in run(fill(database, what)).differences)
    assert kinds == {DifferenceKind.PAID_NOT_SETTLED: 1, DifferenceKind.SETTLED_WITHOUT_PAYMENT: 1}


def test_what_names_nothing_is_not_matched_by_its_amount(database, run):
    what = seeded(20, 0)
    what.payments[3] |= dict.fromkeys(
        ("caseId", "invoiceNumber", "originalPaymentReference", "invoicePaymentReference")
    )
    allocation = what.settlements[3]["allocations"][0]
    allocation |= dict.fromkeys(("caseId", "originalInvoiceNumber", "originalPaymentReference"))
    kinds = {each.kind for each in run(fill(database, what)).differences}
    assert kinds == {DifferenceKind.PAID_NOT_SETTLED, DifferenceKind.SETTLED_WITHOUT_PAYMENT}


@pytest.mark.parametrize("where", ["settlement", "payment", "allocation"])
def test_an_amount_with_a_part_of_a_cent_is_not_checked(database, run, where):
    what = seeded(20, 0)
    settlement = what.settlements[3]
    record, name = {
        "settlement": (settlement, "settlementAmount"),
        "payment": (what.payments[3], "amount"),
        "allocation": (settlement["allocations"][0], "allocatedTotalAmount"),
    }[where]
    record[name] += Decimal("0.001")
    result = run(fill(database, what))
    assert result.not_checked
    assert not result.is_reconciled


@pytest.mark.parametrize("listed", [True, False])
def test_what_was_refused_is_not_at_the_service(database, run, listed):
    account = fill(database, seeded(20, 0))
    database.run("UPDATE sent SET state = 'rejected' WHERE number = '1'")
    if not listed:
        for table in ("distribution_data", "payment_data"):
            database.run(f"DELETE FROM {table} WHERE number = '1'")
        database.run("DELETE FROM allocation_data WHERE number = '1'")
        database.run("DELETE FROM settlement_data WHERE record NOT IN (SELECT record FROM allocation_data)")
    result = run(account)
    wanted = [(DifferenceKind.UNEXPECTED, "invoice 1")] if listed else []
    assert [(each.kind, each.subject) for each in result.differences] == wanted
    assert sum(total.count for total in result.totals if total.what == "invoices") == 19


@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_what_may_have_been_taken_is_missed_after_its_time(database, run, state):
    account = fill(database, seeded(20, 0))
    database.run("UPDATE sent SET state = ? WHERE number = '7'", (state,))
    database.run("DELETE FROM distribution_data WHERE number = '7'")
    (difference,) = run(account).differences
    assert difference.kind is DifferenceKind.MISSING
    assert difference.ours["state"] == state


def test_a_list_that_is_not_proved_settles_nothing_even_where_it_holds_nothing(database, run):
    account = fill(database, seeded(0, 0))
    assert run(account).is_reconciled
    database.run("UPDATE reading SET reason = 'HTTP 500' WHERE stream = 'payments' AND first = '2026-10-16'")
    database.run("DELETE FROM reading WHERE stream = 'settlements' AND first = '2026-09-01'")
    result = run(account)
    assert result.unproved == ["payments 2026-10-16 to 2026-10-31", "settlements 2026-09-01 to 2026-09-15"]
    assert not result.is_reconciled


def test_a_mirror_that_nothing_was_read_into_settles_nothing(database, run):
    account = fill(database, seeded(0, 0))
    database.run("DELETE FROM reading")
    assert not run(account).is_reconciled


async def test_of_two_journals_the_one_in_which_it_was_accepted_says_what_became_of_it(
    sandbox, confirma, sync, mirror, tmp_path
):
    invoice = {
        "invoice": {
            "header": {
                "number": 7,
                "type": "INVOICE",
                "date": "2026-03-02",
                "dueDate": "2026-03-16",
                "currencyCode": "EUR",
            },
            "parties": {"buyerParty": {"name": "Buyer Oy", "address": {"postalCode": "00100"}}},
            "amounts": {"grossAmount": Decimal("125.50")},
        }
    }
    refused, taken = tmp_path / "refused.db", tmp_path / "taken.db"
    sandbox.faults.add(Fault.REFUSAL, operation="invoices.create", times=1, status=422)
    assert (await confirma.bulk.submit([invoice], journal=refused)).rejected == 1
    assert (await confirma.bulk.submit([invoice], journal=taken)).accepted == 1
    for journals in ([refused, taken], [taken, refused]):
        await sync(journal=journals)
        assert mirror("SELECT number, state FROM sent") == [("7", "accepted")]
