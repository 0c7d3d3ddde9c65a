"""Placeholder to be replaced."""
from codec.encode.methods.plan import Plan
def plan_auto(tensors, options, workers, overhead):  # type: ignore
    raise NotImplementedError
