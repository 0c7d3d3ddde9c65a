"""What the vectors are; each module adds those of one subject to a suite."""
