"""Which policy revision rules: documents in the database, one of them active, the same on every replica."""
