"""Kernels: the loops that take the time of coding, in two implementations that give the same bytes.

`decoding` and `encoding` are what the rest of the package calls. `numpy` needs nothing but numpy; `native` is
an extension module in C, there if a compiler was when the package was installed. `choice` says which of them
run.
"""
