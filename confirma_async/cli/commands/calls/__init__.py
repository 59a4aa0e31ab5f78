"""Commands that make a single call or write."""
