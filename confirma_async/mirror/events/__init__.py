"""Events: what has changed in the mirror, written in the same transaction as the change itself."""
