"""The vectors; each module adds those of one subject to a suite."""
