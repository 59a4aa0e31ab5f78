"""Documents attached to invoices. They are named when a record is read, and loaded when it is sent."""
