"""Content credentials (C2PA): the keys, the manifest, stamping a file, and reading what a file says of itself."""
