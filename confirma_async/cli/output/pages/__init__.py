"""HTML pages: the report of a job, a reconciliation, a comparison."""
