"""How are findings told? Results and provenance, figures, tables and memos."""
