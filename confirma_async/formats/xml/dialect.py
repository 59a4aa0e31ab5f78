"""Dialects: how a kind of XML document writes numbers, dates and currencies, and where it has its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from attrs import field, frozen

from confirma_async.formats.xml.parse import Element

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


@frozen(kw_only=True)
class Dialect:
    """How a kind of document writes numbers, dates and currencies, and where it has its values.

    Attributes:
        namespaces: The prefixes of paths.
        currency: Finds the document's currency, from its root; empty where it names none.
        currency_place: The place at which a document names its currency, for messages.
        currency_attribute: The attribute of an amount that names its currency.
        decimal: Reads a number; None for a text that is no number.
        plain_amount: Reads the usual form of an amount, with at most two decimals; None for any other.
        number_form: How numbers are written, for messages.
        date: Reads a date in ISO 8601; None for a text that is no date.
        date_form: How dates are written, for messages.
        silent: Attributes with values that say nothing.
        sources: The path in the document of a missing value, by its JSON path.
        known_steps: The tags of the paths that were asked for.
    """

    namespaces: Mapping[str, str] = field(factory=dict[str, str])
    currency: Callable[[Element], str]
    currency_place: str
    currency_attribute: str
    decimal: Callable[[str], Decimal | None]
    plain_amount: Callable[[str], Decimal | None]
    number_form: str
    date: Callable[[str], str | None]
    date_form: str
    silent: Mapping[str, str] = field(factory=dict[str, str])
    sources: Mapping[str, str] = field(factory=dict[str, str])
    known_steps: dict[str, tuple[str, ...]] = field(
        init=False, factory=dict[str, tuple[str, ...]], repr=False
    )

    def says_something(self, name: str, value: str, currency: str) -> bool:
        """Say whether an attribute adds anything to what the document as a whole says.

        Args:
            name: The name of the attribute.
            value: The value of the attribute.
            currency: The currency of the document.
        """
        if name == self.currency_attribute:
            return value != currency
        return self.silent.get(name) != value and not name.startswith(_INSTANCE)

    def steps(self, path: str) -> tuple[str, ...]:
        """Return the tags of a path such as ``cac:Party/cbc:Name``."""
        found = self.known_steps.get(path)
        if found is None:
            tags = [step.rpartition(":") for step in path.split("/")]
            found = tuple(
                f"{{{self.namespaces[prefix]}}}{name}" if prefix else name for prefix, _, name in tags
            )
            self.known_steps[path] = found
        return found
