"""Entropy encoding: tokens and integers to bytes of a section."""
