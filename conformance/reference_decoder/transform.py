"""Clause 9.8 and appendix A: the inverse transform."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from operator import mul


def _dct_basis(n: int) -> list[list[int]]:
    """b_n[k][x] by the formula of appendix A (no value is so near a tie that binary64 could miss it)."""
    basis = []
    for k in range(n):
        c = math.sqrt((1 if k == 0 else 2) / n)
        angles = [math.pi * (2 * x + 1) * k / (2 * n) for x in range(n)]
        basis.append([math.floor(4096 * c * math.cos(angle) + 0.5) for angle in angles])
    return basis


#: BASIS[n][k][x] = b_n[k][x] of appendix A, n = 1..16 (BASIS[0] is not used)
BASIS: list[list[list[int]]] = [_dct_basis(n) for n in range(17)]

_numbers = [b for basis in BASIS for line in basis for b in line]
if zlib.crc32(struct.pack(f"<{len(_numbers)}h", *_numbers)) != 0x7C6C1DA7:
    raise ImportError("the basis is not that of appendix A")

#: COLUMNS[n][x][k] = b_n[k][x]: the basis transposed
COLUMNS: list[list[list[int]]] = [[list(column) for column in zip(*basis, strict=True)] for basis in BASIS]


def inverse_transform(X: Sequence[int], t: int, h: int, w: int) -> list[int]:
    """Y of one block of 2^t planes of h rows and w columns [R-550]."""  # unbounded integers, exact
    if not any(X):
        return [0] * len(X)
    V = _walsh_hadamard(X, t, h * w)
    Y: list[int] = []
    for plane in range(0, len(V), h * w):
        Y += _inverse_dct(V[plane : plane + h * w], h, w)
    return Y


def _walsh_hadamard(X: Sequence[int], t: int, size: int) -> list[int]:
    """V[n] = sum over m of (-1)^ones(n & m) * X[m], by t rounds of sums and differences of planes."""
    planes = [list(X[m * size : (m + 1) * size]) for m in range(1 << t)]
    for bit in range(t):
        for m in range(1 << t):
            if m >> bit & 1 == 0:
                a, b = planes[m], planes[m | 1 << bit]
                planes[m] = [p + q for p, q in zip(a, b, strict=True)]
                planes[m | 1 << bit] = [p - q for p, q in zip(a, b, strict=True)]
    return [v for plane in planes for v in plane]


def _inverse_dct(V: list[int], h: int, w: int) -> list[int]:
    """Y[y][x] = sum over u, v of b_h[u][y] * V[u][v] * b_w[v][x], first over v, then over u."""
    Z = []  # Z[u][x]
    for u in range(h):
        row = V[u * w : (u + 1) * w]
        Z.append([sum(map(mul, row, column)) for column in COLUMNS[w]] if any(row) else [0] * w)
    by_x = list(zip(*Z, strict=True))  # by_x[x][u]
    return [sum(map(mul, by_x[x], COLUMNS[h][y])) for y in range(h) for x in range(w)]
