"""How fast calls go out."""
