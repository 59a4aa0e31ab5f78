"""Documents attached to invoices: named when a record is read, loaded when it is sent."""
