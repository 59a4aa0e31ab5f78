"""Keys and tokens, and how they are renewed."""
