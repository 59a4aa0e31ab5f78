"""The guess about the columns of a table, with the decisions of a person."""

from __future__ import annotations

from attrs import define, field

Value = str | int | tuple[str, ...]

NAME_SAYS_NOTHING = "the name does not say whether VAT is in the amount"
BY_VALUES = "by what stands in it, not by its name"
IS_RATE = "its values are rates of VAT in percent, though its name would fit amounts"
IS_FRACTION = "its values are rates of VAT as fractions, such as 0.255, and are sent in percent"
MAY_BE_RATE = "its values could be rates of VAT in percent as well"
IS_TOTAL = "taken for a total, being the same on all lines of each invoice"
IS_REFERENCE = "its values are reference numbers, by their check digits"
HOLDS_AMOUNTS = "holds amounts, and its name says nothing that is known"
HOLDS_NUMBERS = "holds numbers, and its name says nothing that is known"
IS_DISCOUNT = "by what it makes of quantity and price, it is the discount in percent"
PRICE_HAS_VAT = "times the quantity it makes the amount with VAT, and a unit price has none"
PRICE_DIFFERS = "times the quantity it does not make the amount without VAT on every line"
GUESSED_COUNTRY = "a guess: postal codes have lost zeros in front, and no column names the country"
GUESSED_CURRENCY = "a guess: no column names the currency"
GUESSED_DAYS = "a guess: no column tells when an invoice is due"
TAKEN_BEFORE = "another column was chosen in its place"
SET_COMMA = "set it: numbers are text, and do not tell what separates decimals"
SET_DATES = "set it: dates are not written as YYYY-MM-DD or D.M.YYYY"


@define
class Guess:
    """The guess so far.

    Attributes:
        columns: The title of each column, by our name of it.
        doubts: Why a column or an entry is unsure, by our name of it.
        rivals: Why a column that is passed over may matter, by its title: it holds amounts, or has the name
            of a column that is used.
        ignored: Titles that are passed over.
        constants: Values that no column holds.
        words: The words of the file for those of the SDK, by our names of columns.
        entries: The further entries of the mapping.
        missing: What every invoice needs and the table does not seem to have.
        decided: Subjects about which a person has decided: our names and titles.
    """

    columns: dict[str, str] = field(factory=dict[str, str])
    doubts: dict[str, str] = field(factory=dict[str, str])
    rivals: dict[str, str] = field(factory=dict[str, str])
    ignored: list[str] = field(factory=list[str])
    constants: dict[str, str | int] = field(factory=dict[str, "str | int"])
    words: dict[str, dict[str, str]] = field(factory=dict[str, dict[str, str]])
    entries: dict[str, Value] = field(factory=dict[str, Value])
    missing: list[str] = field(factory=list[str])
    decided: set[str] = field(factory=set[str])

    def title_taken(self, title: str) -> str | None:
        """Return our name of a column that has this title; None where it is not used."""
        return next((name for name, each in self.columns.items() if each == title), None)

    def rename(self, before: str, after: str, doubt: str | None) -> None:
        """Give a column another one of our names."""
        self.columns[after] = self.columns.pop(before)
        self.doubts.pop(before, None)
        if doubt is not None:
            self.doubts[after] = doubt
