"""A small residual network for handwritten digits: the one that `nntc demo` carries."""
