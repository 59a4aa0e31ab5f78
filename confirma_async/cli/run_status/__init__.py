"""How a run, or a whole journal, stands: read from the journal, shown to people, and as JSON."""
