"""What the guided import says to a person."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal

from confirma_async.formats.tables.propose.questions import Choice, Question, Subject
from confirma_async.privacy import visible

LABELS: Mapping[str, str] = {
    "number": "invoice number",
    "type": "type of document (invoice, credit note)",
    "date": "invoice date",
    "due_date": "due date",
    "net_days": "days to pay",
    "currency": "currency",
    "payment_reference": "reference number for the payment",
    "buyer_name": "buyer: name",
    "buyer_business_id": "buyer: business id",
    "buyer_vat_code": "buyer: VAT number",
    "buyer_customer_account": "buyer: customer number",
    "buyer_street": "buyer: street",
    "buyer_postal_code": "buyer: postal code",
    "buyer_city": "buyer: town",
    "buyer_country": "buyer: country",
    "buyer_email": "buyer: e-mail address",
    "buyer_einvoice_account": "buyer: e-invoice address",
    "buyer_einvoice_operator": "buyer: e-invoice operator",
    "buyer_reference": "buyer's reference",
    "distribution_method": "how it is delivered",
    "order_number": "order number",
    "credited_number": "number of the credited invoice",
    "seller_iban": "account to pay to (IBAN)",
    "row_product_code": "row: product code",
    "row_product_name": "row: product",
    "row_description": "row: description",
    "row_quantity": "row: quantity",
    "row_unit": "row: unit",
    "row_unit_price": "row: unit price",
    "row_discount_percentage": "row: discount, in percent",
    "row_vat_percentage": "rate of VAT, in percent",
    "row_net_amount": "row: amount without VAT",
    "row_vat_amount": "row: amount of VAT",
    "row_gross_amount": "row: amount with VAT",
    "net_amount": "whole invoice: amount without VAT",
    "vat_amount": "whole invoice: amount of VAT",
    "gross_amount": "whole invoice: amount with VAT",
    "row_account": "row: account in the books",
    "row_cost_center": "row: cost centre",
}
"""What columns are called to a person, in the order of a list to choose from."""

METHODS: Mapping[str, str] = {
    "EMAIL": "by e-mail",
    "EINVOICE": "as an e-invoice",
    "LETTER": "by letter",
    "SMS": "by text message",
    "NONE": "not delivered",
}

PASS_OVER = "nothing of the invoice: pass it over"  # noqa: S105 (an answer, not a password)
BACK = "b"
PROMPT = "Number, or b to go back"
CHANGE_WHICH = "Which column?"
NOT_ONE = "type one of the numbers, or b to go back"
SEND = "send them"
CHANGE = "change what a column is"
SAVE = "save the mapping, send nothing"
NOTHING = "send nothing"
NO_TERMINAL = (
    "there is no terminal to ask on. Import it on one; or save what confirma columns proposes as {mapping}, "
    "correct it, and use confirma submit"
)
WOULD_SEND = "whether to send the invoices of {file}"
NO_COLUMN_LEFT = (
    "{file}: no column is left that could hold the {what}, which every invoice needs; add it (a pivot table "
    "or a summary is no list of invoices)"
)
NO_LIST = (
    "{file}: is no list of invoices: no column has their numbers or their dates. Where it is a pivot table "
    "or a summary, save the list that it is made of"
)
NO_INVOICE = "{file}: holds no invoice, only the names of the columns; write the invoices below them"
OPEN_IN_EXCEL = (
    "{file} is open in a spreadsheet program ({lock} lies beside it); save it and close it there first"
)
ANEW = "The mapping {mapping} is not used: {reason}"
REMEMBERED = "Columns are read as {mapping} says."
SAVED = "The mapping is saved as {mapping}; the file is read by it from now on."
NOT_SAVED = "The mapping could not be saved as {mapping} ({reason}); the run remembers it."
NOTHING_SENT = "Nothing was sent."
AS_SENT = "As they will be sent (the first {shown} of {count})"
PASSED_OVER = "Columns passed over: {titles}"
REFUSED = "Cannot be sent"
REMARKS = "Decided while reading"
WARNINGS = "Can be sent, but looks wrong"


def label(name: str) -> str:
    """Return what a column of ours is called to a person."""
    return LABELS.get(name, name.replace("_", " "))


def asked(question: Question) -> str:
    """Return a question in words."""
    values = " / ".join(question.samples)
    match question.subject:
        case Subject.COLUMN:
            why = f"\n  ({question.why})" if question.why else ""
            return f'What is the column "{question.about}" ({values})?{why}'
        case Subject.MISSING:
            return f"Which column holds the {label(question.about)}?"
        case Subject.DUE:
            return "No column tells when an invoice is due. How many days after its date, or which column?"
        case Subject.CURRENCY:
            return "No column names the currency. Which one is it?"
        case Subject.DATES:
            return f"How are the dates written ({values})?"
        case Subject.DECIMALS:
            return f"What separates the decimals ({values})?"


def choice_in_words(question: Question, choice: Choice) -> str:
    """Return an answer in words."""
    match choice:
        case None:
            return PASS_OVER
        case bool():
            return "a comma" if choice else "a point"
        case int():
            return f"{choice} days"
        case _ if question.subject is Subject.COLUMN:
            return label(choice)
        case _ if question.subject in {Subject.MISSING, Subject.DUE}:
            return f'the column "{choice}"'
        case _:
            return choice


def money(amount: Decimal | None) -> str:
    """Return an amount."""
    return "not given" if amount is None else f"{amount:,.2f}"


def invoice_in_words(
    number: object, buyer: str | None, amounts: Sequence[Decimal | None], currency: str
) -> str:
    """Return who gets which invoice, over how much: net, VAT and gross."""
    net, vat, gross = map(money, amounts)
    return f"invoice {number}, {visible(buyer or '-')}: net {net}, VAT {vat}, gross {gross} {currency}"


def terms_in_words(due: datetime.date | None, method: str | None, rates: Sequence[Decimal]) -> str:
    """Return when an invoice is due, how it is delivered, and its rates of VAT."""
    delivered = METHODS.get(method, method) if method else "delivered as agreed with Confirma"
    said = [f"due {due}", delivered]
    if rates:
        said.append("VAT " + " / ".join(f"{rate.normalize():f}" for rate in rates) + " %")
    return "; ".join(said)


def totals_in_words(count: int, totals: Mapping[str, Decimal], refused: int, target: str) -> str:
    """Return how many invoices can be sent, over how much, and how many cannot."""
    sums = ", ".join(f"{money(total)} {currency}" for currency, total in totals.items())
    cannot = f" {refused} cannot, and will be refused." if refused else ""
    return f"Can be sent to {target}: {count}{f', {sums} in all' if sums else ''}.{cannot}"
