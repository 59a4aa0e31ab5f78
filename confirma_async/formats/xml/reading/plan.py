"""Plans: which values are taken from an element in one pass, each with its path, its place and its kind."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple, TypeAlias

from attrs import define, field, frozen

from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.parse import Element

_LARGEST_SHAPE = 200
"""Elements of a shape that is remembered."""
_MOST_SHAPES = 200
"""Shapes that a plan remembers: those of the rows, say, that a few sellers write."""


class Take(enum.Enum):
    """How a value is taken."""

    TEXT = "as it is"
    NUMBER = "as a number"
    AMOUNT = "as an amount in the document's currency"
    PRICE = "as a price in the document's currency, with all its decimals"
    JOINED = "with all others of its place, each on lines of its own"
    IMPLIED = "not at all where it is the text at its place, which another place tells"
    ASIDE = "not at all, but set aside under its place for whoever decides by it, with all others of its path"


_OF_MONEY = frozenset({Take.AMOUNT, Take.PRICE})
_OF_NUMBERS = _OF_MONEY | {Take.NUMBER}


@frozen
class ElementStep:
    """What is taken from elements of one name, and from those below them.

    Attributes:
        place: Where its value goes; empty where none is taken.
        take: How it is taken.
        unit: The attribute that names its unit, which goes to ``unit``; empty where it has none.
        below: Steps of the elements below it.
    """

    place: str
    take: Take
    unit: str
    below: Mapping[str, ElementStep]

    @cached_property
    def is_once(self) -> bool:
        """Whether a second element of its name would leave open which number, or which money, holds."""
        return self.take in _OF_NUMBERS or self.is_of_money

    @cached_property
    def is_of_money(self) -> bool:
        """Whether it or an element below it is an amount or a price."""
        return self.take in _OF_MONEY or any(each.is_of_money for each in self.below.values())


Aside: TypeAlias = dict[str, list[Element]]
"""Elements that a plan sets aside, by their places, in the order of the document."""

ReadText: TypeAlias = Callable[[str], str | Decimal | None]
"""Reads a text; None where it is not of the usual form."""

Tree: TypeAlias = Mapping[str, ElementStep]
"""Steps by tag."""


class Placed(NamedTuple):
    """A value that is taken. It is a tuple because it is unpacked for each value.

    Attributes:
        at: Where its element stands among the elements, in the order of the document.
        place: Where it goes.
        take: How it is taken.
        is_nested: Whether its place is in an object below.
        unit: The attribute that names its unit; empty where it has none.
        read: What reads its usual form; None where none does.
    """

    at: int
    place: str
    take: Take
    is_nested: bool
    unit: str
    read: ReadText | None


@frozen
class ElementShape:
    """What a plan takes from elements of one shape, by their index among them.

    Attributes:
        placed: What is taken.
        implied: What is taken where its text equals that of another place, with that text.
        aside: What is set aside, with its place.
        rest: What has a text, or elements below it, that the plan does not take.
        repeated: What may say the same number or money once more, each with the one before it.
    """

    placed: list[Placed] = field(factory=list[Placed])
    implied: list[tuple[int, str]] = field(factory=list[tuple[int, str]])
    aside: list[tuple[int, str]] = field(factory=list[tuple[int, str]])
    rest: list[int] = field(factory=list[int])
    repeated: list[tuple[int, int]] = field(factory=list[tuple[int, int]])

    def leave(self, position: int, step: ElementStep | None, first: int | None) -> None:
        """Leave an element; note where it may say the same number or money as the first of its name."""
        self.rest.append(position)
        if step is not None and first is not None and step.is_once:
            self.repeated.append((first, position))


@frozen(eq=False, kw_only=True)
class Rest:
    """What a plan does not take of an element and those below it.

    Attributes:
        texts: The elements that have a text of their own.
        attributes: The attributes that say something, each by its element and its name.
        is_deep: Whether some of them have elements below them, which were not looked at.
    """

    texts: AbstractSet[Element]
    attributes: AbstractSet[tuple[Element, str]]
    is_deep: bool


@frozen(eq=False, kw_only=True)
class LaidOut:
    """What a plan takes from an element and from those below it.

    Attributes:
        placed: What is taken: its element, its place, how it is taken, whether its place is in an
            object below, and what reads its usual form.
        units: Elements with the attributes that name their units.
        implied: What is taken where its text equals that of another place.
        aside: What is set aside, by its place.
        rest: What may say something that the plan does not take.
        repeated: Elements of the same number or money, which must say the same.
        origins: By place, the element that is taken to it.
        texts: The elements whose texts are taken.
    """

    placed: Sequence[tuple[Element, str, Take, bool, ReadText | None]]
    units: Sequence[tuple[Element, str]]
    implied: Sequence[tuple[Element, str]]
    aside: Aside
    rest: Rest
    repeated: Sequence[tuple[Element, Element]]
    origins: Mapping[str, Element]
    texts: AbstractSet[Element]


@define(eq=False)
class Plan:
    """Paths with the places of their values; compiled once, when first used.

    Only the first of several elements counts at each step: what the others say is left over. Most rows have
    the names and the texts at the same steps as one before, so what the plan makes of such a shape is kept.

    Attributes:
        places: By how a value is taken, its place by its path. What is set aside has its path for a place.
        units: The attributes that name units, by the paths of what is measured in them.
    """

    places: Mapping[Take, Mapping[str, str]]
    units: Mapping[str, str] = field(factory=dict[str, str])
    _tree: Tree = field(init=False, factory=dict[str, ElementStep])
    _shapes: dict[object, ElementShape] = field(init=False, factory=dict[object, ElementShape])

    def laid_out(self, elements: Sequence[Element], dialect: Dialect, currency: str) -> LaidOut:
        """Return what is to be taken of an element and all below it.

        Args:
            elements: It and those below it, in the order of the document.
            dialect: How the document is written.
            currency: Its currency, which the attributes of its amounts need not say again.
        """
        texts = [text.strip() if (text := each.text) else "" for each in elements]
        shape = self._shape(elements, texts, dialect)
        aside: Aside = {}
        for at, place in shape.aside:
            aside.setdefault(place, []).append(elements[at])
        silent = [(dialect.currency_attribute, currency)]
        loud = [each for each in elements if (items := each.items()) and [*items] != silent]
        rest = [elements[0], *[elements[at] for at in shape.rest], *loud]
        placed = [
            # An amount that says more than its number may be in another currency.
            (
                elements[at],
                place,
                take,
                is_nested,
                None if elements[at] in loud and take in _OF_MONEY else read,
            )
            for at, place, take, is_nested, _, read in shape.placed
        ]
        return LaidOut(
            placed=placed,
            units=[(elements[each.at], each.unit) for each in shape.placed if each.unit],
            implied=[(elements[at], text) for at, text in shape.implied],
            aside=aside,
            rest=Rest(
                texts={each for each in rest if (text := each.text) and not text.isspace()},
                attributes={
                    (each, name)
                    for each in loud
                    for name, value in each.items()
                    if dialect.says_something(name, value, currency)
                },
                is_deep=any(map(len, rest[1:])),
            ),
            repeated=[(elements[first], elements[second]) for first, second in shape.repeated],
            origins={each.place: elements[each.at] for each in shape.placed},
            texts={elements[each.at] for each in shape.placed} | {elements[at] for at, _ in shape.implied},
        )

    def _shape(self, elements: Sequence[Element], texts: Sequence[str], dialect: Dialect) -> ElementShape:
        key = (*[each.tag for each in elements], *map(len, elements), *map(bool, texts))
        found = self._shapes.get(key)
        if found is not None:
            return found
        if not self._tree:
            self._tree = _compiled(
                [
                    (dialect.steps(path), place, take, self.units.get(path, ""))
                    for take, places in self.places.items()
                    for path, place in places.items()
                ]
            )
        found = ElementShape()
        readers: Mapping[Take, ReadText] = {
            Take.TEXT: str,
            Take.JOINED: str,
            Take.NUMBER: dialect.decimal,
            **dict.fromkeys(_OF_MONEY, dialect.plain_amount),
        }
        at = {each: at for at, each in enumerate(elements)}
        _lay_out(elements[0], self._tree, at, texts, readers, found)
        if len(elements) <= _LARGEST_SHAPE:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[key] = found
        return found


def _compiled(entries: Sequence[tuple[Sequence[str], str, Take, str]]) -> Tree:
    tree: dict[str, ElementStep] = {}
    for tag in dict.fromkeys(tags[0] for tags, *_ in entries):
        of_tag = [(tags[1:], place, take, unit) for tags, place, take, unit in entries if tags[0] == tag]
        own = (each for each in of_tag if not each[0])
        _, place, take, unit = next(own, ((), "", Take.TEXT, ""))
        tree[tag] = ElementStep(place, take, unit, _compiled([each for each in of_tag if each[0]]))
    return tree


def _lay_out(
    parent: Element,
    tree: Tree,
    at: Mapping[Element, int],
    texts: Sequence[str],
    readers: Mapping[Take, ReadText],
    found: ElementShape,
) -> None:
    """Add what a tree of steps makes of the elements below one.

    Args:
        parent: The element.
        tree: The steps.
        at: Where each element stands.
        texts: The text of each.
        readers: What reads the usual form of a value that is taken so.
        found: What it is added to.
    """
    seen: dict[str, int] = {}
    for child in parent:
        position, step = at[child], tree.get(child.tag)
        if step is None or child.tag in seen:
            found.leave(position, step, seen.get(child.tag))
            continue
        text, has_children = texts[position], len(child) > 0
        if step.below:
            _lay_out(child, step.below, at, texts, readers, found)
        if not text and not has_children:
            continue  # an empty element does not count
        if step.take is Take.ASIDE:
            found.aside.append((position, step.place))
            found.rest.append(position)
            continue
        if text and step.take is Take.IMPLIED:
            found.implied.append((position, step.place))
        elif step.place and (text or step.take in _OF_NUMBERS):
            _place(step, position, found, readers, has_children=has_children)
        if has_children and (text or not step.below):
            found.rest.append(position)
        if (text or step.below) and step.take is not Take.JOINED:
            seen[child.tag] = position


def _place(
    step: ElementStep,
    position: int,
    found: ElementShape,
    readers: Mapping[Take, ReadText],
    *,
    has_children: bool,
) -> None:
    """Add an element whose text goes to a place; among the elements below it, it may stand in pieces."""
    take = Take.JOINED if has_children and step.take is Take.TEXT else step.take
    before = [each.at for each in found.placed if each.place == step.place]
    if take in _OF_NUMBERS:
        found.repeated.extend((at, position) for at in before)
    # A number in pieces is none, which is told where it is taken.
    is_read = not has_children and (take is not Take.JOINED or not before)
    read = readers.get(take) if is_read else None
    found.placed.append(Placed(position, step.place, take, "." in step.place, step.unit, read))
