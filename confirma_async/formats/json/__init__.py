"""Reads JSON: one object on each line, an array of objects, or a single document."""
