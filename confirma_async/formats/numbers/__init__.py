"""Invoice numbers: assigns whole numbers to texts, and finds numbers that occur twice."""
