"""Kernels on numpy: always there."""
