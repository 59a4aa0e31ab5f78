"""All that the sandbox assumes where no table says it: sentences, each with its basis in the contract."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from confirma_async.sandbox.rules.accounting import FAILED, PROVIDERS, UPCOMING
from confirma_async.sandbox.rules.actions import ACTIONS
from confirma_async.sandbox.rules.money.interest import DAYS_OF_YEAR, MARGIN
from confirma_async.schemas.accounting import PENDING, SYNCED
from confirma_async.schemas.wire import Evidence


@frozen
class Assumption:
    """One thing that the sandbox does.

    Attributes:
        what: What it does.
        basis: The sentence of the contract behind it; "assumed" where there is none.
        evidence: How well that is known; None where it is assumed.
    """

    what: str
    basis: str
    evidence: Evidence | None = None


def _documented(what: str, basis: str) -> Assumption:
    return Assumption(what, basis, Evidence.DOCUMENTED)


ASSUMPTIONS: Sequence[Assumption] = (
    _documented(
        "The provisioning token onboards clients; each gets a token and a payment reference prefix",
        "§1, §3: Create a new client",
    ),
    Assumption("A business code is onboarded once; again gets 409", "assumed: the vendor says nothing of it"),
    _documented(
        "A missing, unknown or expired token gets 401", "§1: Missing or invalid token: 401; tokens may expire"
    ),
    Assumption(
        "A token of the other kind gets 403", "§1: 403 is documented; that it is for this is our reading"
    ),
    _documented("An expired token can still be renewed", "§3: Renew"),
    Assumption("The old token dies the moment the new one is made", "§3: not said; treat it as dead"),
    Assumption(
        "An invoice without a payment reference gets one of the client's prefix, its number and a "
        "check digit",
        "§3: paymentReferencePrefix; what it is used for is assumed",
    ),
    Assumption(
        "An invoice under payment control gets its case when it is INVOICED",
        "§5: agency case identifiers, one per invoice; when it appears is assumed",
    ),
    _documented("A COLLECTION invoice opens a debt collection case", "§4: COLLECTION"),
    _documented(
        "A FACTORING invoice waits for approval; then its financier is the creditor of its case",
        "§4: FACTORING (acquired by a financier on approval); that the case shows it is assumed",
    ),
    _documented(
        "Costs and interest that the invoice brings along are owed from the start",
        "§4: Collection Costs (only where the seller already has outstanding costs)",
    ),
    Assumption(
        "A buyer with disableCollection is reminded, and never taken to COLLECTION",
        "§4: disableCollection was seen in an example; what it does is assumed",
    ),
    _documented(
        "A credit note reduces the capital of the original; what is fully credited is CREDITED, its "
        "interest and fees are waived, and its case is closed",
        "§4: CREDITED; the rest is assumed",
    ),
    Assumption(
        "A credit note in another currency than its original credits nothing",
        "assumed: the vendor says nothing of it",
    ),
    _documented(
        "A REMINDER joins the case of its original; without an original it opens a case of its own",
        "§4: REMINDER (same data as the original); the rest is assumed",
    ),
    Assumption(
        "A case is closed once nothing is open, and open again if the payment that closed it is changed",
        "assumed: the vendor shows closedAt and no rule for it",
    ),
    Assumption(
        "What is to be paid is the gross amount and its rounding, else net and VAT, else the sum of the "
        "rows; less what was paid before the invoice was sent",
        "assumed: the amounts are provisional themselves",
    ),
    _documented(
        "A REFERENCE_RATE invoice under payment control takes the client's own rate; its percentage is "
        "ignored",
        "§4: Interest",
    ),
    Assumption(
        f"The client's own rate is the Finnish reference rate and {MARGIN} percentage points, and holds "
        "for an invoice without terms of interest, too",
        "assumed: the vendor says no figure",
    ),
    Assumption(
        "Interest runs on the open capital from the day after the due date, by actual days over "
        f"{DAYS_OF_YEAR}, and is rounded half up to the cent once, at the end",
        "assumed: the vendor says no method",
    ),
    _documented(
        "Every payment, full or partial, is registered and allocated to capital, interest and fees",
        "§9: Lifecycle",
    ),
    Assumption(
        "A payment covers fees first, then interest, then capital",
        "assumed: the vendor names the three kinds and no order",
    ),
    Assumption(
        "What is paid over and above goes to capital, whose balance is negative from then on: the "
        "creditor has it and owes it back",
        "assumed: the vendor says nothing of overpayment",
    ),
    _documented(
        "A payment may be changed until it is settled; the change counts from the day it is made",
        "§6: they may still change; settlements are the final truth; the day is assumed",
    ),
    _documented("Actions are queued as pending, then processed", "§5: Actions"),
    Assumption(
        "One request's actions are queued all, or none where one of them is wrong",
        "assumed: the answer is not shown",
    ),
    Assumption(
        "An action on an unknown invoice or case gets 404, one on an invoice without a case 402",
        "assumed: §1 has both statuses from a sister API, and no rule for them here",
    ),
    Assumption(
        "A closed case takes comments only; other actions are refused in its history",
        "assumed: the vendor says nothing of it",
    ),
    *(Assumption(it.what, it.basis, it.evidence) for it in ACTIONS.values()),
    _documented(
        "Every payment is paid out in the next settlement run, once a week",
        "§9: in the next settlement run (at agreed intervals); typically once a business week",
    ),
    _documented(
        "A breakdown adds up to its allocation, the allocations to their settlement; one settlement has "
        "one currency",
        "§6: Sums hold; the currency is assumed",
    ),
    _documented(
        "unfetchedOnly=true marks what it returns as fetched; other readings mark nothing",
        "§6: the GET marks records as fetched; that others mark nothing is assumed",
    ),
    _documented(f"A record is pending ({PENDING}), then synced ({SYNCED})", "§7: status"),
    _documented(
        f"A record that cannot be synced fails ({FAILED}), and its description says why",
        "§7: a failed state exists; its number is assumed",
    ),
    _documented(
        f"{', '.join(PROVIDERS)} take records; {', '.join(UPCOMING)} are announced and take none yet; a "
        "client without a provider has nowhere to send them",
        "§7: Providers; what becomes of the records is assumed",
    ),
    Assumption(
        "A ledger whose rows do not balance on netAmount is taken, and fails when it is synced",
        "§7: the vendor's example balances on netAmount; the failure is assumed",
    ),
    Assumption(
        "Invoice data follows after distribution where accountingInvoiceEnabled says so",
        "§9: Accounting: invoice data after distribution; the switch is our reading",
    ),
    _documented(
        "Ledgers without any get 204, the other statuses an empty list",
        "§1: 204 (ledger status, no content); the rest is assumed",
    ),
    _documented(
        "All addresses of a company are returned, and none is chosen",
        "§8: the API chooses none, the caller does",
    ),
    _documented(
        "A company that is not registered gets an empty array; what is no Business ID gets 400",
        "§8: Not every company is registered; how that shows is assumed",
    ),
)
"""All of them, beyond the tables ``RULES``, ``TRANSITIONS`` and ``STEPS``."""
