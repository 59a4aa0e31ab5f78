"""Where invoices stand, in a bookkeeper's words, and what to do about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from confirma_async.bulk.models import Verdict
from confirma_async.cli.language.choice import gettext as _


@frozen
class Wording:
    """How a verdict is put.

    Attributes:
        name: What it is called.
        kind: How it is coloured: ``good``, ``bad``, ``doubt`` or ``plain``.
        advice: What to do; empty for nothing.
    """

    name: str
    kind: str
    advice: str = ""


_WORDINGS: Mapping[Verdict, Callable[[], Wording]] = {
    Verdict.ACCEPTED: lambda: Wording(_("Accepted"), "good"),
    Verdict.REJECTED: lambda: Wording(
        _("Rejected by the service"),
        "bad",
        _("Correct them in the file, then: confirma retry"),
    ),
    Verdict.REFUSED: lambda: Wording(
        _("Refused before sending"),
        "bad",
        _("They were not sent. Correct them in the file, and give the same command again."),
    ),
    Verdict.UNKNOWN: lambda: Wording(
        _("May have arrived"),
        "doubt",
        _(
            "Give the same command again: it looks them up, and sends none of them twice. What you find out "
            "yourself is recorded with confirma resolve."
        ),
    ),
    Verdict.NOT_SENT: lambda: Wording(_("Not sent yet"), "plain", _("Give the same command again.")),
}


def wording(verdict: Verdict) -> Wording:
    """Return how a verdict is put in the language that is spoken."""
    return _WORDINGS[verdict]()


ORDER = tuple(_WORDINGS)
"""The verdicts, in the order in which they are printed."""

COLOURS: Mapping[str, str] = {"good": "green", "bad": "red", "doubt": "yellow", "plain": ""}
"""How each kind is coloured on a terminal."""

_SHORT: Mapping[Verdict, Callable[[], str]] = {
    Verdict.ACCEPTED: lambda: _("accepted"),
    Verdict.REJECTED: lambda: _("rejected"),
    Verdict.REFUSED: lambda: _("refused"),
    Verdict.UNKNOWN: lambda: _("unknown"),
    Verdict.NOT_SENT: lambda: _("not sent"),
}


def in_short(verdict: Verdict) -> str:
    """Return a verdict in a word, as it follows the number of an invoice."""
    return _SHORT[verdict]()
