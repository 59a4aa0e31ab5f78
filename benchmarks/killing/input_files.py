"""The files that a job is given, and what people do with them between two runs of it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from attrs import define, field

PARTS = 4
"""Files among which the invoices are divided."""
HELD_BACK = 2
"""How many of them are not there yet in the beginning."""


@define
class Inputs:
    """A folder of JSON Lines.

    Attributes:
        root: Where the folder, what it links to, and links to it are made.
        dice: Decides which file it is, and what it is called.
    """

    root: Path
    dice: random.Random
    _lines: dict[int, bytes] = field(factory=dict[int, bytes])
    _files: dict[Path, list[int]] = field(factory=dict[Path, list[int]])
    _held_back: list[list[int]] = field(factory=list[list[int]])
    _made: int = 0

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.root / "invoices"

    def write(self, lines: Mapping[int, bytes]) -> None:
        """Write invoices by their numbers: all of them the first time, later those that were corrected."""
        self._lines |= lines
        if self._files:
            self._write_again()
            return
        for folder in (self.folder, self.root / "elsewhere"):
            folder.mkdir()
        (self.root / "link").symlink_to(self.folder)
        numbers = list(lines)
        size = -(-len(numbers) // PARTS)
        self._held_back = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        while len(self._held_back) > HELD_BACK:
            self.add()

    def append(self, lines: Mapping[int, bytes]) -> None:
        """Put more invoices at the end of one of the files."""
        self._lines |= lines
        self._files[self.dice.choice([*self._files])] += lines
        self._write_again()

    def add(self) -> bool:
        """Add a file, which may come before those that are there; return False where none is left."""
        if not self._held_back:
            return False
        self._files[self._new_name()] = self._held_back.pop()
        self._write_again()
        return True

    def complete(self) -> None:
        """Add all that is not there yet."""
        while self.add():
            pass

    def rename(self) -> bool:
        """Give a file another name."""
        old, new = self.dice.choice([*self._files]), self._new_name()
        old.rename(new)
        self._files[new] = self._files.pop(old)
        return True

    def reorder(self) -> bool:
        """Put the invoices of a file in another order."""
        self.dice.shuffle(self._files[self.dice.choice([*self._files])])
        self._write_again()
        return True

    def link(self) -> bool:
        """Move a file elsewhere and leave a link to it; return False where all are links already."""
        files = [file for file in self._files if not file.is_symlink()]
        if not files:
            return False
        file = self.dice.choice(files)
        file.symlink_to(file.rename(self.root / "elsewhere" / file.name))
        return True

    def words(self) -> list[Path]:
        """Return the words for the files: the folder, a link to it, a pattern, or one by one."""
        files = [*self._files]
        self.dice.shuffle(files)
        return self.dice.choice([[self.folder], [self.root / "link"], [self.folder / "*.jsonl"], files])

    def _write_again(self) -> None:
        for file, numbers in self._files.items():
            file.write_bytes(b"\n".join(self._lines[number] for number in numbers))

    def _new_name(self) -> Path:
        self._made += 1
        return self.folder / f"{self.dice.choice('abcdef')}-{self._made}.jsonl"
