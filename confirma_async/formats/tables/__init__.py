"""Tables: CSV, Excel, Parquet and Arrow, each as named columns and lines of cells, and as invoices."""
