"""Sources of a `.nntc` file's bytes."""
