"""What the law ordered: holds that stop and preserve. They stand above people and below absolute rules only."""
