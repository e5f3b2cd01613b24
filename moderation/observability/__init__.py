"""Seen from outside: metrics, health, logs."""
