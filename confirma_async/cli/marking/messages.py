"""The texts of marked copies, and of the commands that make and read them."""

from __future__ import annotations

ACCEPTED = "accepted"
REJECTED = "rejected"
REFUSED = "not sent: correct it"
UNKNOWN = "unknown: it may have arrived"
NOT_SENT = "not sent yet"

NO_REASON = "the service gave no reason"
OTHER_CONTENTS = "it was accepted with other contents; what stands here now is not sent"
NO_INPUT = "the run read no file that could be marked; name its file with --of"
SEVERAL_INPUTS = "the run read several files; name the one to mark with --of: {files}"
NO_TABLE = (
    "{file}: only CSV and Excel files can be marked; confirma status and confirma report tell what is wrong"
)
GONE = "{file} is gone; put it back, so that a marked copy of it can be made"
IS_INPUT = "{file} is the file that was sent; name another one, and the original stays as it is"
IS_THERE = "{file} is there already, maybe with corrections in it; name another file"
ANOTHER_KIND = "{file} must end in {suffix}, as {source} does"
MARKED = "{file}: {accepted} accepted, {open} to look at."
CORRECT = "Correct what is marked there, save it, and run: {command}"
NOTHING_TO_CORRECT = "There is nothing to correct."
READ_INSTEAD = "Reading the corrected copy {copy} instead of {file}"
BOTH_CHANGED = (
    "{file} and its marked copy {copy} have both been changed; name the one to read: confirma retry FILE"
)
