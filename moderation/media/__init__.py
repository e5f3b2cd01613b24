"""Reading media that anyone may have sent: decoded once, in a process of its own with limits, in bounded memory.

`reader.open_media` is the way in. This file imports nothing, so that the sandbox starts fast.
"""
