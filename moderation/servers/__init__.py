"""Real servers on loopback for tests and demonstrations, from what the machine has; not for service."""
