"""The accounts that a user sends for: their keys, and where their journals lie.

What was sent is a fact about an account of the service. So every account has one journal, in the user's data
directory, below a folder for the target (the service, or a sandbox). Which keys an account has had is kept
beside the journals as salted fingerprints. A fingerprint is slow to make (scrypt), and no way back to
the key.
"""
