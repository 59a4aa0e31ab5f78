"""Documents whose markup is that of others before, so that only their texts are new.

A billing program writes the same elements again and again, with other texts between them. Where all markup of
a document, character by character, is that of documents that were parsed, and nothing in its texts could mean
anything but itself, the parser would make the same elements of it. So elements of earlier documents get the
new texts instead.

What repeats is the frame of a document, which is all of it but its rows, and each row by itself. Elements are
lent to one document at a time, and given back once it is read.
"""
