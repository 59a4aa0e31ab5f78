"""Events: what changed, from a table that is written in the same transaction as the change itself."""
