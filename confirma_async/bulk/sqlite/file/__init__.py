"""The file of a journal: on what it lies, who has it open, whether it is the one it was."""
