"""Messages and exit codes of commands that fail."""
