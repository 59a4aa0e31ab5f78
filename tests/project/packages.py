"""Where the sources of the packages are, and the pages of the documentation."""

from collections.abc import Callable, Iterable
from pathlib import Path

import confirma_async
import confirma_sync

ROOT = Path(confirma_async.__file__).parents[1]
PACKAGES = [Path(file).parent for file in (confirma_async.__file__, confirma_sync.__file__)]
DOCS = ROOT / "docs"
PAGES = sorted(
    page for page in DOCS.rglob("*.md") if not {"_build", "_generated"} & set(page.relative_to(DOCS).parts)
)


def places(names_in: Callable[[str], Iterable[str]]) -> set[str]:
    """Every name that a function finds in the source of a module, after the module's path."""
    return {
        f"{file.relative_to(ROOT)} {name}"
        for package in PACKAGES
        for file in package.rglob("*.py")
        for name in names_in(file.read_text(encoding="utf-8"))
    }
