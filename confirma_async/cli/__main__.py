"""Runs the command line as ``python -m confirma_async.cli``."""

from confirma_async.cli import main

main()
