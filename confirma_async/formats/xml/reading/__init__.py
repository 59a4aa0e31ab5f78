"""Reads documents: each text and attribute goes to its place or into the leftovers, and is never lost."""
