"""JSON: one object on each line, an array of them, or a single document."""
