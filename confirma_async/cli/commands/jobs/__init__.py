"""Commands for jobs, their journals and their input files."""
