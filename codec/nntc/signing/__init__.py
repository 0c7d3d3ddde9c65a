"""Keys, and signatures of `.nntc` files (`pip install 'nntc[sign]'`)."""
