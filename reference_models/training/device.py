"""The device that training runs on, set so that it does the same every time."""

from __future__ import annotations

import os

import torch


def prepare(threads: int) -> torch.device:
    """Choose the GPU if there is one, else the CPU, and make torch's results repeatable on it.

    Numbers too small for a normal float count as zero: an LSTM's gradients fade into them over hundreds of
    words, and processors need ten times longer for them.

    Parameters
    ----------
    threads
        Of the CPU; another number sums in another order and so gives other bits.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is repeatable only with this
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
