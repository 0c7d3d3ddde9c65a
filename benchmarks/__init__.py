"""Measurements of nntc and its peers. Run a module from the repository root: `python -m benchmarks.NAME`."""
