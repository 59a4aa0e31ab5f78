"""The commands: calls, jobs, mirror and tools."""
