"""What waits for a person: cases, their queue, and what was decided."""
