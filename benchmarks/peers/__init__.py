"""Programs that run inside a peer codec's own environment; they import nothing of nntc."""
