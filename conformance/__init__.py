"""Files by which any decoder of `.nntc` can be checked, and what makes and reads them (README.md)."""
