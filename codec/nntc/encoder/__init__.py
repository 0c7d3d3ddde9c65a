"""From a model's files to a `.nntc` file."""
