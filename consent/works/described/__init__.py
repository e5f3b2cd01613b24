"""Protected characters described without their names: what they look like, and finding that in text."""
