"""Commands that make one call at a time."""
