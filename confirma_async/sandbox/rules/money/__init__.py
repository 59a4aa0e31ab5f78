"""The money of a case: amounts, what a payment covers, interest, and settlement runs."""
