"""Results of calls from threads that are set to other arithmetic than the format's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nntc
import numpy as np
import pytest
from nntc.arithmetic import in_standard_arithmetic
from nntc.encoder.encode import encode_stream

from tests import networks
from tests.conformance.vectors import VECTORS, base_of, read
from tests.other_arithmetic import other_arithmetic
from tests.whole.odd_tensors import EXACT, FLAT, LOSSY, with_one

pytestmark = pytest.mark.usefixtures("kernels")

TENSORS = {name: values for name, values in {**EXACT, **LOSSY}.items() if values.shape == FLAT}
"""Some are subnormal, some overflow where they are squared."""
MODEL = networks.using(**TENSORS).SerializeToString()
OTHER = ("rounding", "raising")


@contextmanager
def other(kind: str) -> Iterator[None]:
    if kind == "raising":
        with np.errstate(all="raise"):
            yield
    else:
        with other_arithmetic():
            yield


@pytest.fixture(scope="module")
def encoded(kernels: str) -> dict[str, bytes]:  # noqa: ARG001 - those that it is made by
    """Files by method, made in a thread as it is."""
    methods = ("auto", "dct", "deep", "lossless")
    return {method: nntc.encode_bytes(MODEL, method=method)[0] for method in methods}


@pytest.mark.parametrize("kind", OTHER)
@pytest.mark.parametrize("jobs", [1, 3])
def test_encoding_makes_the_same_bytes(
    kind: str, jobs: int, encoded: dict[str, bytes], tmp_path: Path
) -> None:
    for method, expected in encoded.items():
        with other(kind):
            data = nntc.encode_bytes(MODEL, method=method, jobs=jobs)[0]
        assert data == expected, method
    with other(kind), (tmp_path / "streamed").open("wb") as stream:
        nntc.encode(MODEL, tmp_path / "file.nntc", jobs=jobs)
        encode_stream(MODEL, stream, jobs=jobs)
    assert (tmp_path / "file.nntc").read_bytes() == encoded["auto"] == (tmp_path / "streamed").read_bytes()


@pytest.mark.parametrize("kind", OTHER)
def test_every_valid_vector_decodes(kind: str) -> None:
    """Also those with a step that is a subnormal number, and all that rounds to such numbers."""
    for vector in VECTORS.values():
        if vector["class"] != "valid":
            continue
        data, base = read(vector), base_of(vector)
        with other(kind):
            files = nntc.decode_bytes(data, base=base)
        for file in vector["output"]:
            found = hashlib.sha256(files[file.get("name")]).hexdigest()
            assert found == file["sha256"], vector["id"]


@pytest.mark.parametrize("kind", OTHER)
def test_all_ways_of_reading_give_the_same(kind: str, encoded: dict[str, bytes], tmp_path: Path) -> None:
    data = encoded["auto"]
    whole = nntc.decode_bytes(data)[None]
    with nntc.open(data) as container:
        arrays = {name: tensor.tobytes() for name, tensor in container.tensors.items()}
    verified = nntc.verify(data)
    (tmp_path / "model.onnx").write_bytes(MODEL)
    compared = nntc.verify(data, tmp_path / "model.onnx")
    with other(kind):
        nntc.decode(data, tmp_path / "decoded.onnx", jobs=2)
        assert nntc.verify(data) == verified
        assert nntc.verify(data, tmp_path / "model.onnx") == compared
        with nntc.open(data) as container:
            assert {name: tensor.tobytes() for name, tensor in container.tensors.items()} == arrays
    assert (tmp_path / "decoded.onnx").read_bytes() == whole


@pytest.mark.parametrize("kind", OTHER)
def test_an_update_and_what_is_merged_are_the_same(kind: str, encoded: dict[str, bytes]) -> None:
    changed = networks.using(**{name: with_one(values, 0) for name, values in TENSORS.items()})
    update = nntc.encode_bytes(changed, base=encoded["auto"], quality=30)[0]
    merged = nntc.merge_bytes([encoded["auto"], update])
    with other(kind):
        assert nntc.encode_bytes(changed, base=encoded["auto"], quality=30)[0] == update
        assert nntc.merge_bytes([encoded["auto"], update]) == merged


def test_the_thread_is_left_as_it_was() -> None:
    least, third = np.float32(2**-149), np.float32(1) / np.float32(3)
    numbers = np.array([least, third], np.float32)

    def computed() -> list[float]:
        return [*(numbers * np.float32(1)).tolist(), 1 / 3, 5e-324 * 1.0]

    normal = computed()
    with other_arithmetic():
        before = computed()
        assert in_standard_arithmetic(computed)() == normal
        with pytest.raises(ZeroDivisionError):
            in_standard_arithmetic(lambda: 1 / 0)()
        assert computed() == before
    assert computed() == normal
