"""``python -m confirma_async.cli``."""

from confirma_async.cli import main

main()
