"""Text: recover what was written, say in which language, and score it over the taxonomy; every answer points back at
the original characters."""
