from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from reference_models.errors import ReferenceModelError
from reference_models.training.recipe import Recipe, Stage
from reference_models.training.tasks import Task
from reference_models.training.trainer import CHECKPOINT, learning_rate, start_from
from tests import tiny_training as tiny


class Stop(Exception):  # noqa: N818 - nothing went wrong
    pass


class StopAt:
    """Stops training after so many steps of a stage."""

    def __init__(self, stage: str, step: int) -> None:
        self._place = stage, step

    def __call__(self, stage: str, step: int, *_: object) -> None:
        if (stage, step) == self._place:
            raise Stop


def weights(model: bytes) -> dict[str, NDArray[np.float32]]:
    graph = onnx.load_model_from_string(model).graph
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return tiny.train(tiny.review_task(), tmp_path_factory.mktemp("uninterrupted"))


@pytest.mark.parametrize("place", [("dense", 1), ("dense", 9), ("prune", 3), ("quantize", 7)])
def test_an_interrupted_run_ends_in_the_same_bits(
    uninterrupted: dict[str, bytes], tmp_path: Path, place: tuple[str, int]
) -> None:
    with pytest.raises(Stop):
        tiny.train(tiny.review_task(), tmp_path, report=StopAt(*place))
    torch.rand(7)  # whatever happened in between
    assert tiny.train(tiny.review_task(), tmp_path) == uninterrupted


def test_so_does_one_with_normalizations_and_augmentation(tmp_path: Path) -> None:
    stages = (Stage("dense", epochs=2, learning_rate=1e-3), Stage("quantize", epochs=1, learning_rate=1e-3))
    recipe = Recipe("images", stages, batch=8, digest="digest")
    whole = tiny.train(tiny.image_task(), tmp_path / "whole", recipe)
    with pytest.raises(Stop):
        tiny.train(tiny.image_task(), tmp_path / "cut", recipe, report=StopAt("dense", 5), every=2)
    assert tiny.train(tiny.image_task(), tmp_path / "cut", recipe) == whole


_KILLED_AGAIN_AND_AGAIN = """
import os, signal, sys
import torch._dynamo  # the optimizers need it: once, not in every child
from pathlib import Path
from tests.tiny_training import train, review_task

for place in (("dense", 8), ("prune", 2), ("quantize", 6), None):
    child = os.fork()
    if child == 0:
        def report(stage, step, *_):
            if (stage, step) == place:
                os.kill(os.getpid(), signal.SIGKILL)
        train(review_task(), Path(sys.argv[1]), report=report)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_killed_run_ends_in_the_same_bits(uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    script = _KILLED_AGAIN_AND_AGAIN
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split() == [str(-signal.SIGKILL)] * 3 + ["0"], done.stderr
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix in (".onnx", ".json")}
    assert files == uninterrupted


def test_a_finished_run_is_not_trained_again(uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    tiny.train(tiny.review_task(), tmp_path)
    assert tiny.train(tiny.review_task(), tmp_path, report=StopAt("quantize", 1)) == uninterrupted


def test_stages_leave_what_they_promise(uninterrupted: dict[str, bytes]) -> None:
    pruned, shared = (weights(uninterrupted[f"{stage}.lstm.onnx"]) for stage in ("prune", "quantize"))
    for name, tensor in shared.items():
        if tensor.size > 2 * tiny.UNITS * 4 and tensor.ndim > 1:  # weights, not biases or states
            assert np.mean(pruned[name] == 0) == 0.5
            assert np.array_equal(pruned[name] == 0, tensor == 0)
            assert len(np.unique(tensor)) <= 4


def test_training_teaches(tmp_path: Path) -> None:
    stages = (Stage("dense", epochs=40, learning_rate=2e-2),)
    recipe = Recipe("reviews", stages, batch=8, digest="digest")
    result = json.loads(tiny.train(tiny.review_task(), tmp_path, recipe)["result.json"])
    assert result["stages"][0]["measures"]["accuracy"] > 0.9


def test_results_state_what_was_written(uninterrupted: dict[str, bytes]) -> None:
    result = json.loads(uninterrupted["result.json"])
    assert [stage["stage"] for stage in result["stages"]] == ["dense", "prune", "quantize"]
    for stage in result["stages"]:
        for name, facts in stage["files"].items():
            assert facts["bytes"] == len(uninterrupted[name])


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    tiny.train(tiny.review_task(), tmp_path)
    other = Recipe("reviews", tiny.STAGES, batch=8, seed=3, digest="another")
    with pytest.raises(ReferenceModelError, match=r"E_CHECKPOINT.*another recipe"):
        tiny.train(tiny.review_task(), tmp_path, other)


@pytest.mark.parametrize("content", [b"", b"cos\nsystem\n(S'true'\ntR.", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(ReferenceModelError, match="E_CHECKPOINT"):
        tiny.train(tiny.review_task(), tmp_path)


def test_a_run_may_begin_with_anothers_weights(tmp_path: Path) -> None:
    tiny.train(tiny.review_task(), tmp_path)
    task: Task = tiny.review_task()
    start_from(task, tmp_path / "dense.pt", tiny.CPU)
    found = task.networks["lstm"].embedding.weight.detach().numpy()
    assert np.array_equal(found, weights((tmp_path / "dense.lstm.onnx").read_bytes())["embedding.weight"])


def test_weights_of_other_networks_are_refused(tmp_path: Path) -> None:
    tiny.train(tiny.review_task(), tmp_path)
    with pytest.raises(ReferenceModelError, match="E_CHECKPOINT"):
        start_from(tiny.image_task(), tmp_path / "dense.pt", tiny.CPU)


@pytest.mark.parametrize(
    ("decay", "rates"),
    [
        ("constant", lambda _: 1.0),
        ("cosine", lambda p: (1 + np.cos(np.pi * p)) / 2),
        ("cycle", lambda p: p / 0.2 if p < 0.2 else (1 + np.cos(np.pi * (p - 0.2) / 0.8)) / 2),
    ],
)
def test_learning_rates(decay: str, rates: Callable[[float], float]) -> None:
    stage = Stage("dense", epochs=1, learning_rate=3.0, decay=decay)  # type: ignore[arg-type]
    for step in range(1, 11):
        assert learning_rate(stage, step, 10) == pytest.approx(3 * rates(step / 10))


def test_a_network_may_imitate_itself_as_it_was(tmp_path: Path) -> None:
    stages = (
        Stage("dense", epochs=1, learning_rate=1e-2),
        Stage("quantize", epochs=10, learning_rate=2e-2, bits=3, imitate="dense"),
    )
    recipe = Recipe("reviews", stages, batch=8, digest="digest")
    losses: list[torch.Tensor] = []

    def report(stage: str, _step: int, _steps: int, parts: dict[str, torch.Tensor]) -> None:
        losses.extend(parts.values() if stage == "quantize" else [])

    whole = tiny.train(tiny.review_task(), tmp_path / "whole", recipe, report=report, every=1000)
    assert sum(losses[-10:]) < sum(losses[:10]) / 2
    with pytest.raises(Stop):
        tiny.train(tiny.review_task(), tmp_path / "cut", recipe, report=StopAt("quantize", 7))
    assert tiny.train(tiny.review_task(), tmp_path / "cut", recipe, every=1000) == whole
