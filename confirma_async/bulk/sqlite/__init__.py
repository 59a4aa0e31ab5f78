"""The journal in a file: one SQLite database, one process, one thread."""
