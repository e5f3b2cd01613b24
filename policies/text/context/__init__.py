"""What a category's score cannot see: what is only ruled out, who is meant, and what would work outside the story."""
