"""Random access to `.nntc` files: tensors one by one, what is inside, comparison with originals, sessions."""
