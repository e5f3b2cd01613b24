"""A likeness is a person's face and voice, enrolled by that person: their grants, restrictions, revocation and history."""
