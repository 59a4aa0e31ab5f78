"""Excel workbooks: their parts, the rows and cells of a sheet, and the table that these make."""
