"""Outcomes, totals and progress of a job."""
