"""Reads tables (CSV, Excel, Parquet and Arrow) as named columns and lines of cells, and these as invoices."""
