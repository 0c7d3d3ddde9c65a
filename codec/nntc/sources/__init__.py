"""Where the bytes of a `.nntc` file come from."""
