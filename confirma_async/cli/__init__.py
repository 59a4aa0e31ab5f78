"""The command ``confirma``."""

from __future__ import annotations

import gc
import importlib
import sys

from confirma_async.cli.running.stopping import INTERRUPTED, signals

YOUNG = 10_000
"""Number of new objects after which the garbage collector runs; Python's 700 is one burst of sends.

Only the command line sets this, since the whole process is its own.
"""


def main() -> None:
    """Run the command line. This is the entry point of the script ``confirma``."""
    gc.set_threshold(YOUNG)
    try:
        signals.install()
        code = _run()
        signals.over()
    except KeyboardInterrupt:  # once at most
        signals.over()
        code = 0 if signals.before_beginning(sys.argv[1:]) else INTERRUPTED
    sys.exit(code)


def _run() -> int:
    try:
        importlib.import_module("rich")  # the commands need it, and load it late
        from confirma_async.cli.app import run
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write("confirma: the command line needs more packages: pip install 'confirma-sdk[cli]'\n")
        return 2
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        reconfigure(errors="backslashreplace")  # a name that a terminal cannot show ends no job
    return run(sys.argv[1:])
