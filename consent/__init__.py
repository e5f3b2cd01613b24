"""Whose it is: likenesses and their owners' rules, biometrics, public figures, and protected works.

A library: it knows nothing of Kafka, HTTP or the other wings. Its tables live in whatever database the service gives it.
"""
