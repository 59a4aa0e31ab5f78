"""What a job tells: outcomes, totals and progress."""
