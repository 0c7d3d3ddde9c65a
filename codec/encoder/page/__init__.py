"""The page of `--report`: what was coded how, for a browser."""
