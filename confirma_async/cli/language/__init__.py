"""The language in which the command line speaks to people, and how it writes numbers, amounts and dates.

What machines read is the same in every language: JSON, CSV, logs, exit codes, wire names, ids of rules.
"""
