"""The command ``confirma``."""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    """Runs the command line; the entry point of the script ``confirma``."""
    try:
        importlib.import_module("rich")  # the commands need it, and load it late
        from confirma_async.cli.app import run
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write("confirma: the command line needs more packages: pip install 'confirma-sdk[cli]'\n")
        sys.exit(2)
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        reconfigure(errors="backslashreplace")  # a name that a terminal cannot show ends no job
    sys.exit(run(sys.argv[1:]))
