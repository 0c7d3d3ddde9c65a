"""nntc: the Neural Network Transform Codec."""
