"""Weights to integers: steps, levels, codebooks."""
