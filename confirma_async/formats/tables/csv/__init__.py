"""CSV files: what they are written in, their lines, and the table that these make."""
