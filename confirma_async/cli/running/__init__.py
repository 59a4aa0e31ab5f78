"""How a command runs: signals that end it, several processes, what it has changed."""
