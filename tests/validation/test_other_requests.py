"""Rules about everything that is sent besides invoices, and about answers that promise sums."""

from __future__ import annotations

import datetime
from decimal import Decimal

import attrs
import pytest

from confirma_async.schemas import (
    AccountingPayment,
    Action,
    ActionData,
    AllocationBreakdown,
    CalculationMode,
    Case,
    CaseDetails,
    CaseSummary,
    Client,
    ClientContacts,
    ClientRequest,
    DirectPayment,
    DueDate,
    InvoiceActions,
    Ledger,
    LedgerRow,
    LedgerSubmission,
    Payment,
    PaymentAllocation,
    PaymentSubmission,
    PrimaryContact,
    Service,
    Settlement,
    SettlementAllocation,
    Settlements,
    Withdraw,
)
from confirma_async.validation import RULES, check


def found(obj):
    problems = check(obj)
    assert {problem.rule for problem in problems} <= {rule.id for rule in RULES}
    return [(problem.path, problem.rule) for problem in problems]


# --- clients ----------------------------------------------------------------------------------------

CLIENT = ClientRequest(
    service=Service(type="LIFECYCLE", partner_code="P1"),
    client=Client(name="Esimerkki Oy", business_code="2077474-0", country_code="FI"),
)


def client(**changes):
    return attrs.evolve(CLIENT, client=attrs.evolve(CLIENT.client, **changes))


def test_a_client_in_order_is_clean():
    assert found(CLIENT) == []


def test_empty_text_is_no_value_and_breaks_no_rule():
    assert found(client(email="", website="", currency_code="", postal_code="", bic="")) == []


@pytest.mark.parametrize(
    ("changes", "place", "rule"),
    [
        ({"name": " "}, "name", "named"),
        ({"business_code": ""}, "businessCode", "named"),
        ({"business_code": "2077474-1"}, "businessCode", "business-id"),
        ({"country_code": "QQ"}, "countryCode", "country"),
        ({"currency_code": "EURO"}, "currencyCode", "currency"),
        ({"language_code": "finnish"}, "languageCode", "language"),
        ({"email": "nobody"}, "email", "email"),
        ({"website": "example"}, "website", "url"),
        ({"iban_account": "FI00"}, "ibanAccount", "iban"),
        ({"bic": "X"}, "bic", "bic"),
        ({"postal_code": "1"}, "postalCode", "postal-code"),
    ],
)
def test_what_a_client_breaks_is_told_at_its_place(changes, place, rule):
    assert found(client(**changes)) == [(f"$.client.{place}", rule)]


def test_a_service_without_a_partner_is_told():
    request = attrs.evolve(CLIENT, service=Service(type="LIFECYCLE", partner_code=""))
    assert found(request) == [("$.service.partnerCode", "named")]


def test_a_contact_is_looked_at():
    contacts = ClientContacts(primary=PrimaryContact(email="nobody"))
    assert found(attrs.evolve(CLIENT, contacts=contacts)) == [("$.contacts.primary.email", "email")]


# --- actions ----------------------------------------------------------------------------------------


def actions(*wanted):
    return InvoiceActions(actions=tuple(wanted))


def test_actions_in_order_are_clean():
    due = datetime.date(2026, 12, 1)
    wanted = [
        Withdraw(case_id=7),
        DueDate(invoice_number=1, due_date=due),
        DirectPayment(case_id=7, amount=Decimal(1)),
    ]
    assert found(actions(*[action.as_action() for action in wanted])) == []


@pytest.mark.parametrize(
    ("request_", "places"),
    [
        (actions(), [("$.actions", "not-empty")]),
        (actions(Action(code="COMMENT", data=ActionData())), [("$.actions[0].data", "action-subject")]),
        (
            actions(Action(code="DUEDATE", data=ActionData(case_id=7))),
            [("$.actions[0].data.dueDate", "action-needs")],
        ),
        (
            actions(Action(code="DIRECTPAYMENT", data=ActionData(case_id=7, currency="EURO"))),
            [("$.actions[0].data.currency", "currency"), ("$.actions[0].data.amount", "action-needs")],
        ),
    ],
)
def test_what_actions_break_is_told_at_its_place(request_, places):
    assert found(request_) == places


def test_an_action_of_a_code_yet_unknown_needs_its_subject_only():
    assert found(actions(Action(code="RESUME", data=ActionData(case_id=7)))) == []


# --- accounting -------------------------------------------------------------------------------------


def ledger(*nets, **changes):
    rows = tuple(LedgerRow(net_amount=net and Decimal(net)) for net in nets)
    return LedgerSubmission(ledgers=Ledger(ledger_rows=rows, **changes))


@pytest.mark.parametrize("mode", [None, CalculationMode.GROSS])
def test_rows_balance_on_net_amounts(mode):
    assert found(ledger("100.00", "25.50", "-125.50", calculation_mode=mode)) == []
    assert found(ledger("100.00", "25.50", "-125.51", calculation_mode=mode)) == [
        ("$.ledgers.ledgerRows", "ledger-balance")
    ]


def test_rows_need_not_balance_where_the_mode_is_another_or_a_net_amount_is_missing():
    assert found(ledger("100.00", "1.00", calculation_mode=CalculationMode.NET)) == []
    assert found(ledger("100.00", None)) == []


def test_the_amount_of_a_row_has_no_part_in_the_balance():
    rows = (
        LedgerRow(amount=Decimal("125.50"), net_amount=Decimal("100.00")),
        LedgerRow(amount=Decimal("25.50"), net_amount=Decimal("25.50"), is_vat_row=True),
        LedgerRow(amount=Decimal("-125.50"), net_amount=Decimal("-125.50")),
    )
    assert found(LedgerSubmission(ledgers=Ledger(ledger_rows=rows))) == []


def test_a_description_has_its_limit():
    assert found(ledger("0.00", document_description="x" * 210)) == []
    assert found(ledger("0.00", document_description="x" * 211)) == [
        ("$.ledgers.documentDescription", "ledger-description")
    ]


def test_a_ledger_without_rows_is_told():
    assert found(ledger()) == [("$.ledgers.ledgerRows", "not-empty")]


def payments(*wanted):
    return PaymentSubmission(payments=tuple(wanted))


def test_payments_in_order_are_clean():
    parts = (
        PaymentAllocation(type="CAPITAL", amount=Decimal("90.00")),
        PaymentAllocation(type="FEES", amount=Decimal("10.00")),
    )
    one = AccountingPayment(payment_identifier="a", amount=Decimal("100.00"), allocations=parts)
    assert found(payments(one, AccountingPayment(payment_identifier="b"))) == []


def test_no_payments_are_told():
    assert found(payments()) == [("$.payments", "not-empty")]


def test_an_identifier_that_stands_twice_is_told_at_both_places():
    twice = [AccountingPayment(payment_identifier=name) for name in ("a", "b", "a")]
    assert found(payments(*twice)) == [
        ("$.payments[0].paymentIdentifier", "payment-identifier"),
        ("$.payments[2].paymentIdentifier", "payment-identifier"),
    ]


def test_allocations_that_do_not_make_the_amount_are_told():
    part = PaymentAllocation(type="CAPITAL", amount=Decimal("90.00"))
    payment = AccountingPayment(amount=Decimal("100.00"), allocations=(part,))
    assert found(payments(payment)) == [("$.payments[0].allocations", "payment-allocations")]


def test_allocations_too_far_apart_to_be_added_are_told():
    parts = tuple(PaymentAllocation(amount=Decimal(text)) for text in ("1E+300", "0.01"))
    payment = AccountingPayment(amount=Decimal("1.00"), allocations=parts)
    assert found(payments(payment)) == [("$", "amount-size")]


# --- answers ----------------------------------------------------------------------------------------


def settlements(total, *allocations):
    parts = tuple(
        SettlementAllocation(
            allocated_total_amount=Decimal(allocated),
            breakdown=tuple(AllocationBreakdown(type="CAPITAL", amount=Decimal(part)) for part in breakdown),
        )
        for allocated, breakdown in allocations
    )
    one = Settlement(settlement_id=1, settlement_amount=Decimal(total), allocations=parts)
    return Settlements(settlements=(one,))


def test_sums_that_hold_are_clean():
    assert found(settlements("30.00", ("10.00", ["9.00", "1.00"]), ("20.00", ["20.00"]))) == []


def test_sums_that_do_not_hold_are_told_at_the_total():
    assert found(settlements("30.01", ("10.00", ["9.00", "1.01"]), ("20.00", ["20.00"]))) == [
        ("$.settlements[0].settlementAmount", "settlement-sum"),
        ("$.settlements[0].allocations[0].allocatedTotalAmount", "allocation-sum"),
    ]


def test_a_currency_that_is_none_is_told_of_answers_too():
    assert found(Payment(currency="EURO")) == [("$.currency", "currency")]
    details = CaseDetails(case=Case(summary=CaseSummary(currency="EURO")))
    assert found(details) == [("$.case.summary.currency", "currency")]
