"""Training in stages: dense, pruned, quantized."""
