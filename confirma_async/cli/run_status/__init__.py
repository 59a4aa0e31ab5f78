"""The status of a run or a whole journal: read from the journal, in words, and as JSON."""
