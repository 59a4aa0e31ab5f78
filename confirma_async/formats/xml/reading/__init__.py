"""How a document is read: each text and attribute goes to its place or is left over, never lost."""
