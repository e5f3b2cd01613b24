"""Where it came from: credentials, marks, fingerprints and the ledger of releases.

A library: it knows nothing of Kafka, HTTP or the other wings.
"""
