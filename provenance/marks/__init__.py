"""Marks: what is put into the picture itself, so that origin does not depend on metadata alone."""
