"""Finding names in text: the folding, the lexicon and the spelling rules that public figures and works share.

Nothing here knows whose name it is. Words are compared, never substrings, and every hit points into the original text.
"""
