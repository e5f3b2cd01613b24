"""The demonstration: real requests through the real service, and a table of what happened to them."""
