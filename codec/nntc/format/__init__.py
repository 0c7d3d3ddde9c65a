"""What encoder and decoder share: registries, limits, byte layouts and exact tables (SPEC.md)."""
