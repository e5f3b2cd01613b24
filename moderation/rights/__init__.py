"""What rights-holders do, with everything that must follow it in the same transaction."""
