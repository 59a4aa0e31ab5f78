"""The guided import of a table: questions, a preview, and what they say."""
