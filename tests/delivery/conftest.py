from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nntc
import nntc.encoder.encode as encoder
import numpy as np
import onnx
import pytest
from nntc.delivery import Network, Published, Pulled, publish, pull
from onnx import helper, numpy_helper

from tests.delivery.server import Server, serving

TUNED = 100
"""Seed of a network less that of what it was trained from."""
QUICK = Network(timeout=5, pause=0.001, longest_pause=0.01, attempts=3)


def model(path: Path, seed: int = 0, sections: int = 6, external: bool = False) -> Path:
    """Write a network of some matrices, each of which becomes a section of a few kilobytes.

    Of each hundred seeds, those above are trained on: 203 is 103 after another step, and that 3 after one.
    """
    draw = np.random.default_rng(seed % TUNED)
    names = [f"w{number}" for number in range(sections)]
    weights = [draw.normal(size=(64, 64)).astype(np.float32) for _ in names]
    for step in range(seed // TUNED):
        change = np.outer(*np.random.default_rng(step).normal(size=(2, 64)))
        weights[step % sections] += (0.05 * change).astype(np.float32)
    values = ["x", *(f"y{number}" for number in range(sections))]
    nodes = [
        helper.make_node("MatMul", [before, name], [after])
        for before, name, after in zip(values, names, values[1:], strict=False)
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 64))],
        [helper.make_tensor_value_info(values[-1], onnx.TensorProto.FLOAT, (1, 64))],
        [numpy_helper.from_array(array, name) for name, array in zip(names, weights, strict=True)],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if external:
        onnx.save(made, path, save_as_external_data=True, location=f"{path.stem}.bin", size_threshold=0)
    else:
        path.write_bytes(made.SerializeToString())
    return path


class World:
    """A publisher, a server and a device.

    Parameters
    ----------
    folder
        Where all of it is.
    server
        Serves `repository` in that folder.
    """

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.new = 1
        """Seed of a version that a device has not yet."""
        self.repository, self.keys, self.device = (folder / name for name in ("repository", "keys", "device"))

    def publish(self, version: str, seed: int = 0, **options: Any) -> Published:
        path = model(self.folder / f"model{seed}.onnx", seed)
        chosen = {"name": "net", "version": version, "keys": self.keys, "method": "lossless", **options}
        return publish(self.repository, path, **chosen)

    def pull(self, **options: Any) -> Pulled:
        chosen = {"name": "net", "network": QUICK, **options}
        return pull(self.server.url, self.device, **chosen)

    def source(self, seed: int) -> bytes:
        """Return the bytes of a published model."""
        return (self.folder / f"model{seed}.onnx").read_bytes()

    @property
    def used(self) -> bytes | None:
        """What somebody reads who follows `current`; None if there is none."""
        pointer = self.device / "current"
        if not pointer.exists():
            return None
        return (self.device / pointer.read_text().splitlines()[0]).read_bytes()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach servers on this machine whatever the environment says."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


ENCODED: dict[object, tuple[bytes, Any]] = {}


@pytest.fixture(autouse=True)
def encode_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a model that was encoded before be taken from then: tests here are not about encoding."""

    def encode(source: Path, target: Path, **options: Any) -> Any:
        files = [path for path in (source, source.with_suffix(".bin")) if path.exists()]
        key = tuple(path.read_bytes() for path in files), repr(sorted(options.items()))
        if key not in ENCODED:
            report = original(source, target, **options)
            ENCODED[key] = target.read_bytes(), report
        data, report = ENCODED[key]
        target.write_bytes(data)
        return report

    monkeypatch.setattr(nntc, "encode", nntc.encode)  # which is looked up once, and stays
    original = encoder.encode
    monkeypatch.setattr(encoder, "encode", encode)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serving(tmp_path) as server:
        yield World(tmp_path, server)
