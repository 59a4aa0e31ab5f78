"""The outcomes, the totals and the progress of a job."""
