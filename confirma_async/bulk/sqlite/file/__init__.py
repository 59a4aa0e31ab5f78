"""The file of a journal: its file system, its locks, and the checks that it is not a copy."""
