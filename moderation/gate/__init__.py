"""The gate: checks look at a subject, the policy rules on their findings, and the decision is recorded."""
