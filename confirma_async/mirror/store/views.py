"""The views of a mirror, which users query, in SQL that SQLite and PostgreSQL both read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen


@frozen(kw_only=True)
class View:
    """A view of a mirror.

    Attributes:
        name: Its name, by which users query it.
        what: What one row of it is, in words.
        columns: Its columns in order, each with its meaning.
        query: The SELECT statement that makes it.
    """

    name: str
    what: str
    columns: Mapping[str, str]
    query: str

    @property
    def statement(self) -> str:
        """The statement that makes the view."""
        return f"CREATE VIEW {self.name} ({', '.join(self.columns)}) AS {self.query}"


_LIVE = (
    "JOIN record ON record.id = {0}.record AND record.gone_since IS NULL "
    "JOIN account ON account.id = {0}.account"
)

_ACCOUNT = "The account's name."
_CURRENCY = "ISO 4217."
_NUMBER = "The invoice's number, as text."
_CASE = "The case at the agency."
_MISSED = "When a complete list lacked it first; empty while it is listed."

VIEWS: Sequence[View] = (
    View(
        name="invoices",
        what="What became of one invoice: what the journal sent, beside what the service says of it. What "
        "the service lists once more than it was sent is a row of its own.",
        columns={
            "account": _ACCOUNT,
            "number": _NUMBER,
            "date": "The invoice's date.",
            "type": "Its type, where a journal sent it.",
            "seller": "The seller's business id, where a journal sent it.",
            "sent_state": "Where it stands in the journal; empty where no journal has it.",
            "sent_cents": "What it asks for, by the journal.",
            "currency": _CURRENCY,
            "status": "The service's word; empty where it does not list the invoice.",
            "method": "How it was delivered.",
            "distributed_at": "When.",
            "error": "Why it was not.",
            "case_id": _CASE,
            "stage": "Where the case stands.",
            "case_status": "Whether the case goes on.",
            "open_cents": "What is left to pay, by the case.",
        },
        query="""
        WITH dated AS (
            SELECT d.*, row_number() OVER (
                PARTITION BY d.account, d.number, d.date
                ORDER BY CASE d.status WHEN 'DUPLICATE' THEN 2 WHEN 'ERROR' THEN 1 ELSE 0 END, d.record
            ) AS place
            FROM distribution_data d JOIN record r ON r.id = d.record AND r.gone_since IS NULL
        ), ours AS (
            SELECT s.*, row_number() OVER (
                PARTITION BY s.account, s.number, s.date
                ORDER BY CASE s.state WHEN 'rejected' THEN 1 ELSE 0 END, s.type, s.seller, s.repeat
            ) AS place
            FROM sent s
        )
        SELECT a.name, s.number, s.date, s.type, s.seller, s.state, s.amount_cents, s.currency, t.status,
            t.method, t.distributed_at, t.error, t.case_id, c.stage, c.status, c.total_cents
        FROM ours s JOIN account a ON a.id = s.account
        LEFT JOIN dated t ON t.account = s.account AND t.number = s.number AND t.date = s.date
            AND t.place = s.place
        LEFT JOIN case_data c ON c.account = t.account AND c.case_id = t.case_id
        UNION ALL
        SELECT a.name, t.number, t.date, NULL, NULL, NULL, NULL, c.currency, t.status, t.method,
            t.distributed_at, t.error, t.case_id, c.stage, c.status, c.total_cents
        FROM dated t JOIN account a ON a.id = t.account
        LEFT JOIN case_data c ON c.account = t.account AND c.case_id = t.case_id
        WHERE NOT EXISTS (
            SELECT 1 FROM ours s WHERE s.account = t.account AND s.number = t.number AND s.date = t.date
                AND (s.place = t.place OR t.status = 'DUPLICATE')
        )
        """,
    ),
    View(
        name="payments",
        what="One payment as it is allocated so far; it may change until it is settled.",
        columns={
            "account": _ACCOUNT,
            "number": _NUMBER,
            "case_id": _CASE,
            "booked_at": "When it was booked; the lists of the service go by it.",
            "paid_at": "When it was paid.",
            "amount_cents": "How much.",
            "currency": _CURRENCY,
            "reference": "The reference that the invoice asks for.",
            "paid_reference": "The reference that it came with.",
            "account_name": "Where it came in.",
            "missed_at": _MISSED,
        },
        query="SELECT account.name, p.number, p.case_id, p.booked_at, p.paid_at, p.amount_cents, p.currency, "
        "p.reference, p.paid_reference, p.account_name, record.missed_at FROM payment_data p "
        f"{_LIVE.format('p')}",
    ),
    View(
        name="settlements",
        what="One payment to you, with all its allocations.",
        columns={
            "account": _ACCOUNT,
            "settlement_id": "Tells one from another.",
            "date": "When it was paid out.",
            "amount_cents": "How much.",
            "currency": _CURRENCY,
            "allocated_cents": "What its allocations add up to.",
            "allocations": "How many they are.",
            "agency": "Who paid it out.",
            "remittance_reference": "The reference on your bank statement.",
            "beneficiary": "Who was paid.",
            "iban": "To which account.",
            "missed_at": _MISSED,
        },
        query="SELECT account.name, s.settlement_id, s.date, s.amount_cents, s.currency, "
        "(SELECT sum(amount_cents) FROM allocation_data a WHERE a.record = s.record), "
        "(SELECT count(*) FROM allocation_data a WHERE a.record = s.record), s.agency, "
        "s.remittance_reference, s.beneficiary, s.iban, record.missed_at FROM settlement_data s "
        f"{_LIVE.format('s')}",
    ),
    View(
        name="allocations",
        what="What of a settlement is for one invoice.",
        columns={
            "account": _ACCOUNT,
            "settlement_id": "The settlement.",
            "settlement_date": "When that was paid out.",
            "allocation_id": "Tells one from another.",
            "date": "When it was allocated.",
            "number": _NUMBER,
            "case_id": _CASE,
            "amount_cents": "How much.",
            "capital_cents": "Of that, the invoice itself.",
            "interest_cents": "Of that, interest.",
            "fees_cents": "Of that, fees.",
            "other_cents": "Of that, kinds that are not known.",
            "currency": _CURRENCY,
            "paid_reference": "The reference that the payment came with.",
        },
        query="SELECT account.name, s.settlement_id, s.date, a.allocation_id, a.date, a.number, a.case_id, "
        "a.amount_cents, a.capital_cents, a.interest_cents, a.fees_cents, a.other_cents, a.currency, "
        "a.paid_reference FROM allocation_data a JOIN settlement_data s ON s.record = a.record "
        f"{_LIVE.format('a')}",
    ),
    View(
        name="receivables_ageing",
        what="What is open on one case that is not closed. The service's lists name no due date, so it is "
        "aged by the invoice's date.",
        columns={
            "account": _ACCOUNT,
            "number": _NUMBER,
            "case_id": _CASE,
            "date": "The invoice's date, else the day on which the case was opened.",
            "stage": "Where the case stands.",
            "currency": _CURRENCY,
            "capital_cents": "Open of the invoice itself.",
            "interest_cents": "Open interest.",
            "costs_cents": "Open costs.",
            "total_cents": "All that is open.",
            "read_at": "When the case was last read.",
        },
        query="""
        SELECT account.name, d.number, c.case_id, coalesce(d.date, substr(c.opened_at, 1, 10)), c.stage,
            c.currency, c.capital_cents, c.interest_cents, c.costs_cents,
            coalesce(c.total_cents, c.capital_cents + c.interest_cents + coalesce(c.costs_cents, 0)),
            w.read_at
        FROM case_data c JOIN account ON account.id = c.account
        JOIN watch w ON w.account = c.account AND w.case_id = c.case_id
        LEFT JOIN (
            SELECT account, case_id, min(number) AS number, min(date) AS date FROM distribution_data
            GROUP BY account, case_id
        ) d ON d.account = c.account AND d.case_id = c.case_id
        WHERE c.closed_at IS NULL
        """,
    ),
)
"""The views, which stay as they are even if the tables that they read change."""
