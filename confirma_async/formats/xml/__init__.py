"""Reads UBL and Finvoice documents: alone, one after the other, or in an envelope."""
