"""Placeholder to be replaced."""
from codec.encode.methods.plan import Plan
def plan_laude(tensors, options, workers):  # type: ignore
    raise NotImplementedError
