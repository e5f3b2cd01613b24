"""What was done and why: the audit log, and later statements of reasons, clocks and reports."""
