"""The texts of the guided import."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import amount, count, day, number, plain
from confirma_async.cli.language.messages import translated
from confirma_async.formats.tables.columns import COLUMNS
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
"""The names of columns for people, in the order in which a list offers them."""

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
WHICH_SHEET = "Which sheet are the invoices on? Each is imported on its own."
NOBODY = "none of these"
NOT_ONE = "type one of the numbers, or b to go back"
SEND = "send them"
CHANGE = "change what a column is"
SAVE = "save the mapping, send nothing"
NOTHING = "send nothing"
WOULD_ASK = "would ask: {question}"
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
SHEETS_PASSED_OVER = "Sheets passed over: {titles}"
REFUSED = "Cannot be sent"
REMARKS = "Decided while reading"
NOTHING_ASKED = (
    "No invoice asks for any money: no column of amounts or prices is known. Change what a column is, or "
    "correct the file."
)
WARNINGS = "Can be sent, but looks wrong"

_QUESTIONS: Mapping[Subject, str] = {
    Subject.COLUMN: 'What is the column "{title}" ({values})?',
    Subject.MISSING: "Which column holds the {what}?",
    Subject.WANTED: "No column tells by its name who is to pay. Which one holds the name of the buyer?",
    Subject.COUNTRY: "Postal codes lack zeros in front ({values}), and no column names the country. "
    "Which is it?",
    Subject.DUE: "No column tells when an invoice is due. How many days after its date, or which column?",
    Subject.CURRENCY: "No column names the currency. Which one is it?",
    Subject.DATES: "How are the dates written ({values})?",
    Subject.DECIMALS: "What separates the decimals ({values})?",
}

_INDEX = re.compile(r"\[\d+\]")
_ANOTHER = re.compile(r"could be (\w+) as well")


def is_back(answer: str) -> bool:
    """Say whether an answer means to go back, in the user's language or in English."""
    return answer.lower() in {BACK, _(BACK), "back"}


def label(name: str) -> str:
    """Return the name of a column for people."""
    return _(LABELS[name]) if name in LABELS else name.replace("_", " ")


def named_place(path: str) -> str:
    """Return the name for people of the value at a JSON path of an invoice; the path if it has none."""
    place = _INDEX.sub("", path.removeprefix("$."))
    for name in LABELS:
        column = COLUMNS[name]
        if place == (f"invoice.rows.{column.place}" if column.of_row else column.place):
            return label(name)
    return path


def asked(question: Question) -> str:
    """Return a question in words."""
    values, what = " / ".join(question.samples), label(question.about)
    asked = _(_QUESTIONS[question.subject]).format(title=question.about, values=values, what=what)
    return f"{asked}\n  ({_why(question.why)})" if question.why else asked


def _why(reason: str) -> str:
    another = _ANOTHER.fullmatch(reason)
    return (
        translated(reason) if another is None else _("could be {what} as well").format(what=label(another[1]))
    )


def choice_in_words(question: Question, choice: Choice) -> str:
    """Return an answer in words."""
    match choice:
        case None if question.subject is Subject.COLUMN:
            return _(PASS_OVER)
        case None:
            return _(NOBODY)
        case bool():
            return _("a comma") if choice else _("a point")
        case int():
            return _("{count} days").format(count=choice)
        case _ if question.subject is Subject.COLUMN:
            return label(choice)
        case _ if question.subject in {Subject.MISSING, Subject.WANTED, Subject.DUE}:
            return _('the column "{title}"').format(title=choice)
        case _:
            return choice


def _money(value: Decimal | None) -> str:
    return _("not given") if value is None else plain(amount(value))


def invoice_in_words(
    number: object, buyer: str | None, amounts: Sequence[Decimal | None], currency: str
) -> str:
    """Return an invoice in words: its number, its buyer, and its net, VAT and gross amount."""
    net, vat, gross = map(_money, amounts)
    return _("invoice {number}, {buyer}: net {net}, VAT {vat}, gross {gross} {currency}").format(
        number=number, buyer=visible(buyer or "-"), net=net, vat=vat, gross=gross, currency=currency
    )


def terms_in_words(due: datetime.date | None, method: str | None, rates: Sequence[Decimal]) -> str:
    """Return in words when an invoice is due, how it is delivered, and its rates of VAT."""
    delivered = _("delivered as agreed with Confirma")
    if method:
        delivered = _(METHODS[method]) if method in METHODS else method
    said = [] if due is None else [_("due {day}").format(day=day(due))]
    said.append(delivered)
    if rates:
        said.append(_("VAT {rates} %").format(rates=" / ".join(map(_rate, rates))))
    return "; ".join(said)


def totals_in_words(whole: int, totals: Mapping[str, Decimal], refused: int, target: str) -> str:
    """Return in words how many invoices can be sent, their sums, and how many cannot be sent."""
    can = _("Can be sent to {target}: {count}").format(target=target, count=plain(count(whole)))
    sums = ", ".join(f"{_money(total)} {currency}" for currency, total in totals.items())
    if sums:
        can += ", " + _("{sums} in all").format(sums=sums)
    if not refused:
        return f"{can}."
    return f"{can}. " + _("{count} cannot, and will be refused.").format(count=plain(count(refused)))


def _rate(rate: Decimal) -> str:
    return plain(number(rate.normalize()))
