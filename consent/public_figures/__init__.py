"""People protected without enrolment: the list, and finding them in text.

`FigureMatcher().find(text, today)` is the way in. The list is data: `build` makes it, `evaluate` measures it.
"""
