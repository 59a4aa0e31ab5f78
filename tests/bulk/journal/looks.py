"""What tests of the journal look at."""


def states(journal):
    return [row.state for row in journal.rows()]
