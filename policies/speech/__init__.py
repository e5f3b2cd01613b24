"""Sound: what is said and when, so that speech is judged as text with times."""
