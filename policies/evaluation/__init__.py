"""Measured quality: recall and over-refusal of any judge on labelled rows, with the uncertainty of small samples."""
