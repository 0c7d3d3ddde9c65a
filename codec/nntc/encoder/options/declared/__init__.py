"""Declarations of options, a file for each heading of the command's help."""
