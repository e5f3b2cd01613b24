"""The event log and the work that hangs on it: one port, two transports, positions, outbox, jobs and dead letters."""
