"""What a command says when it fails, and its exit code."""
