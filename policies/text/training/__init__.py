"""How the shipped text weights are made: which rows, which labels, which split, which fit. Nothing here runs in service."""
