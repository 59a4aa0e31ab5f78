"""Invoice numbers: whole ones in the place of texts, and those that stand twice."""
