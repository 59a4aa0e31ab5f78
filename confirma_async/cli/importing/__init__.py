"""The guided import of a table: its questions, its preview and their texts."""
