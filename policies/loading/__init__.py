"""From YAML text to the clauses of a policy document, with every problem explained by file, line and hint."""
