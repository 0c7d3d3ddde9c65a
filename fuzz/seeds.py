"""Seed corpora: conformance vectors, and small models as they are and coded.

`python -m fuzz.seeds TARGET FOLDER N` writes one in N of them: a process of its own, since what is fuzzed
must not be imported before it is instrumented.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from nntc.conformance.suite import find_suite, read_suite

from fuzz import LARGEST


def vectors(*, with_base: bool = False) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of all vectors that are not large, bad ones too, or those that have a base."""
    for vector in read_suite(find_suite()).vectors:
        if vector.size <= LARGEST and (vector.base or not with_base):
            yield vector.id, vector.path.read_bytes()


def models() -> Iterator[tuple[str, bytes]]:
    """Yield small ONNX models of the tests."""
    import numpy as np

    from tests import networks, odd_models

    rng = np.random.default_rng(0)
    made = {
        "held": networks.holding(a=networks.heavy(rng, 8, 6), b=np.arange(5), c=np.ones(3, np.float16)),
        "used": networks.using(w=networks.heavy(rng, 12, 8), k=networks.heavy(rng, 4, 3, 3, 3), b=np.ones(9)),
        "classifier": networks.classifier(width=4),
    }
    for name in (
        "zip_map",
        "nested_functions",
        "sparse_initializer",
        "unsorted_body",
        "split_sequence_output",
    ):
        made[name] = getattr(odd_models, name)()
    for name, model in made.items():
        data = model.SerializeToString()
        if len(data) <= LARGEST:
            yield name, data


def coded_models() -> Iterator[tuple[str, bytes]]:
    """Yield `.nntc` files of the models, without loss and with, and with an index."""
    from nntc import encode_bytes

    for name, data in models():
        yield f"{name}-exact", encode_bytes(data, method="lossless")[0]
        yield f"{name}-auto", encode_bytes(data, quality=20)[0]
        yield f"{name}-index", encode_bytes(data, quality=20, index=True)[0]


def updates() -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of the vectors that have a base."""
    return vectors(with_base=True)


def write(target: str, folder: Path, every: int = 1) -> None:
    """Write each of a target's seeds, or one of so many, into a folder."""
    kinds = {"encode": [models], "read": [coded_models, vectors], "update": [updates]}.get(target, [vectors])
    for number, (name, data) in enumerate(chain.from_iterable(kind() for kind in kinds)):
        if number % every == 0:
            (folder / f"seed-{name}").write_bytes(data)


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
