"""The user's language on the command line, and how it writes numbers, amounts and dates.

What machines read is the same in every language: JSON, CSV, logs, exit codes, wire names, ids of rules.
"""
