"""Invoice numbers: whole numbers in place of texts, and numbers that occur twice."""
