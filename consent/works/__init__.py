"""Whose work it is: the shipped list of works, finding them in text, and what rights-holders refused or licensed."""
