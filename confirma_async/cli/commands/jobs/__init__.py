"""Commands about jobs, their journals and their input."""
