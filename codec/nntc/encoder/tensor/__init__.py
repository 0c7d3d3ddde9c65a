"""Write TENSOR records (SPEC.md, "TENSOR section")."""
