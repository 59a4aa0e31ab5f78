"""Reads documents without parsing them, where their markup is known from documents that were parsed before.

A billing program writes the same tags again and again, with other texts between them. Where all tags of a
document are equal, character by character, to those of parsed documents, and its texts contain nothing that
the parser would interpret, the parser would make the same elements again. So the elements of an earlier
document are used again, with the new texts.

A document is split into its frame (everything but the rows) and each of its rows. Their elements are kept in
pools. A document takes the elements that it needs from the pools, and returns them once it is read.
"""
