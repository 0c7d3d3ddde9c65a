"""Kernels in C: sources of the extension module `_native`, and the functions around it."""
