"""Reads Excel workbooks: their parts, the rows and cells of a sheet, and these as a table."""
