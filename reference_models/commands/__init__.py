"""One file for each command; torch is imported when a command runs."""
