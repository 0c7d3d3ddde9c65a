"""Faults at every call of the system that a command makes: it fails, or the process is stopped there."""
