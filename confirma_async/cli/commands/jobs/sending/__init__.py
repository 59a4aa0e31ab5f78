"""Commands that send invoices: as a job, by workers, as a retry, or by a guided import."""
