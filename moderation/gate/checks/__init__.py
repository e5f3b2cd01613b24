"""One file per check; each is pure given its subject and its revision."""
