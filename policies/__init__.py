"""What is allowed: the taxonomy, findings, the policy document and the pure engine that turns findings into a verdict.

A library: it knows nothing of Kafka, HTTP, the database or the other wings.
"""
