"""The verdicts in a bookkeeper's words, with what to do about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from confirma_async.bulk.models import Verdict
from confirma_async.cli.language.choice import gettext as _, ngettext
from confirma_async.cli.language.figures import count, plain


@frozen
class Wording:
    """A verdict in words, in the user's language.

    Attributes:
        name: The heading for invoices of the verdict.
        short: The word that follows the number of one invoice.
        kind: The kind of colour: ``good``, ``bad``, ``doubt`` or ``plain``.
        advice: What to do about them; empty if there is nothing to do.
    """

    name: str
    short: str
    kind: str
    advice: str = ""


_WORDINGS: Mapping[Verdict, Callable[[], Wording]] = {
    Verdict.ACCEPTED: lambda: Wording(_("Accepted"), _("accepted"), "good"),
    Verdict.REJECTED: lambda: Wording(
        _("Rejected by the service"),
        _("rejected"),
        "bad",
        _("Correct them in the file, then: confirma retry"),
    ),
    Verdict.REFUSED: lambda: Wording(
        _("Refused before sending"),
        _("refused"),
        "bad",
        _("They were not sent. Correct them in the file, and give the same command again."),
    ),
    Verdict.UNKNOWN: lambda: Wording(
        _("May have arrived"),
        _("unknown"),
        "doubt",
        _(
            "Give the same command again: it looks them up, and sends none of them twice. What you find out "
            "yourself is recorded with confirma resolve."
        ),
    ),
    Verdict.NOT_SENT: lambda: Wording(
        _("Not sent yet"), _("not sent"), "plain", _("Give the same command again.")
    ),
}


def wording(verdict: Verdict) -> Wording:
    """Return a verdict in the user's language."""
    return _WORDINGS[verdict]()


_COUNTED: Mapping[Verdict, Callable[[int], str]] = {
    Verdict.ACCEPTED: lambda number: ngettext("{count} accepted", "{count} accepted", number),
    Verdict.REJECTED: lambda number: ngettext("{count} rejected", "{count} rejected", number),
    Verdict.REFUSED: lambda number: ngettext("{count} refused", "{count} refused", number),
    Verdict.UNKNOWN: lambda number: ngettext("{count} unknown", "{count} unknown", number),
    Verdict.NOT_SENT: lambda number: ngettext("{count} not sent", "{count} not sent", number),
}


def counted(verdict: Verdict, number: int) -> str:
    """Return of how many invoices a verdict is: ``3 accepted``."""
    return _COUNTED[verdict](number).format(count=plain(count(number)))


ORDER = tuple(_WORDINGS)
"""The verdicts, in the order in which they are printed."""

COLOURS: Mapping[str, str] = {"good": "green", "bad": "red", "doubt": "yellow", "plain": ""}
"""The colour of each kind on a terminal."""
