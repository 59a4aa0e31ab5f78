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
"""Elements that a cached shape may have."""
_MOST_SHAPES = 200
"""Shapes that a plan caches, such as those of the rows of a few sellers."""


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
        place: The place of its value; empty if no value is taken.
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
        """Whether a second element of its name would leave open which number or amount counts."""
        return self.take in _OF_NUMBERS or self.is_of_money

    @cached_property
    def is_of_money(self) -> bool:
        """Whether this element or one below it is an amount or a price."""
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
        at: The index of its element, in document order.
        place: The place that it goes to.
        take: How it is taken.
        is_nested: Whether its place is in an object below.
        unit: The attribute that names its unit; empty where it has none.
        read: Reads its usual form; None if there is none.
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
        placed: The elements that are taken.
        implied: The elements that are taken if their text equals that of another place, with that place.
        aside: The elements that are set aside, with their places.
        rest: The elements with a text, or with elements below them, that the plan does not take.
        repeated: The elements that may repeat a number or an amount, each with the one before it.
    """

    placed: list[Placed] = field(factory=list[Placed])
    implied: list[tuple[int, str]] = field(factory=list[tuple[int, str]])
    aside: list[tuple[int, str]] = field(factory=list[tuple[int, str]])
    rest: list[int] = field(factory=list[int])
    repeated: list[tuple[int, int]] = field(factory=list[tuple[int, int]])

    def leave(self, position: int, step: ElementStep | None, first: int | None) -> None:
        """Leave an element; take note if it may repeat the number or amount of the first of its name."""
        self.rest.append(position)
        if step is not None and first is not None and step.is_once:
            self.repeated.append((first, position))


@frozen(eq=False, kw_only=True)
class Rest:
    """The parts of an element and those below it that a plan does not take.

    Attributes:
        texts: The elements that have a text of their own.
        attributes: The attributes that say something, each by its element and its name.
        is_deep: Whether some of them have elements below them, which were not searched.
    """

    texts: AbstractSet[Element]
    attributes: AbstractSet[tuple[Element, str]]
    is_deep: bool


@frozen(eq=False, kw_only=True)
class LaidOut:
    """What a plan takes from an element and from those below it.

    Attributes:
        placed: The values that are taken: of each its element, its place, how it is taken, whether its place
            is in an object below, and the reader of its usual form.
        units: Elements with the attributes that name their units.
        implied: The elements that are taken if their text equals that of another place.
        aside: The elements that are set aside, by their places.
        rest: The parts that the plan does not take.
        repeated: Elements of the same number or money, which must say the same.
        origins: The element of each place.
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

    Only the first of several elements counts at each step; the others are left over. Most rows have the same
    shape as one before, with texts in the same elements, so the result for a shape is cached.

    Attributes:
        places: For each way of taking a value, the places by the paths. Elements that are set aside have
            their paths as places.
        units: The attributes that name units, by the paths of what is measured in them.
    """

    places: Mapping[Take, Mapping[str, str]]
    units: Mapping[str, str] = field(factory=dict[str, str])
    _tree: Tree = field(init=False, factory=dict[str, ElementStep])
    _shapes: dict[object, ElementShape] = field(init=False, factory=dict[object, ElementShape])

    def laid_out(self, elements: Sequence[Element], dialect: Dialect, currency: str) -> LaidOut:
        """Return what is taken of an element and those below it.

        Args:
            elements: The element and those below it, in document order.
            dialect: How the document is written.
            currency: The currency of the document, which the attributes of amounts only repeat.
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
    """Apply a tree of steps to the elements below another one.

    Args:
        parent: The element that the steps begin below.
        tree: The steps, by tag.
        at: The index of each element.
        texts: The text of each element, by its index.
        readers: The reader of the usual form of a value, by how it is taken.
        found: The shape that the results are added to.
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
    """Add an element whose text goes to a place. Its text may be in pieces, between the elements below it."""
    take = Take.JOINED if has_children and step.take is Take.TEXT else step.take
    before = [each.at for each in found.placed if each.place == step.place]
    if take in _OF_NUMBERS:
        found.repeated.extend((at, position) for at in before)
    # A number in pieces is none, which is told where it is taken.
    is_read = not has_children and (take is not Take.JOINED or not before)
    read = readers.get(take) if is_read else None
    found.placed.append(Placed(position, step.place, take, "." in step.place, step.unit, read))
