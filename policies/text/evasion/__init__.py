"""Undoing what hides a word: each module knows one way of hiding, `lexicon` the words that are worth looking for."""
