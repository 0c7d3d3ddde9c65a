"""Samples in memory, as batches that a model takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Batch = dict[str, Array]
LABELS = "labels"
"""Name of the array that holds labels, beside the model's inputs."""
LABELS_UNUSED = "labels among the samples are not used"
"""Remark on samples that need none."""


class Samples:
    """Samples in memory.

    Iterating yields batches: a dictionary of name -> array with all of the model's inputs, batch axis
    included. A batch is one sample, or as many as the model's fixed batch axis asks for; dictionaries given
    in Python stay as they are.

    Parameters
    ----------
    batches
        Checked batches.
    remarks
        What the user should know about where they come from.
    """

    def __init__(self, batches: Sequence[Batch], remarks: Sequence[str] = ()) -> None:
        self._batches = list(batches)
        self.remarks = tuple(remarks)
        """What the user should know about where they come from."""

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: slice) -> Samples:
        return Samples(self._batches[index], self.remarks)

    def content_hash(self) -> str:
        """Return the SHA-256 of all names, types, shapes and elements, in hexadecimal."""
        digest = hashlib.sha256()
        for batch in self._batches:
            for name in sorted(batch):
                array = batch[name]
                digest.update(repr((name, array.dtype.str, array.shape)).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def count_samples(batch: Batch) -> int:
    """Return how many samples a batch holds: the length of its first input's first axis."""
    first = next(iter(batch.values()))
    return len(first) if first.ndim else 1
