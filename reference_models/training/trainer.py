"""The loop over stages, epochs and steps, and how it goes on after an interruption.

A run depends on its recipe, its data and the checkpoint alone: the order of the examples follows from seed,
stage and epoch; random generators, optimizer and constraints are in the checkpoint. One that was killed and
started again ends in the same bits as one that was not.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from reference_models.errors import ReferenceModelError
from reference_models.networks.export import export
from reference_models.training import checkpoint
from reference_models.training.compressible import Compressible, weights_of
from reference_models.training.recipe import Recipe, Stage
from reference_models.training.tasks import Task

CHECKPOINT = "checkpoint.pt"
RESULT = "result.json"
_RISE = 0.2  # share of a cycle in which the learning rate rises

Report = Callable[[str, int, int, dict[str, torch.Tensor]], None]


@dataclass(slots=True)
class _Position:
    """Where training is: the stage, the steps done in it, and what the stages before it left."""

    stage: int = 0
    step: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)


class Trainer:
    """Trains the networks of a task by a recipe.

    Parameters
    ----------
    task, recipe
        What and how.
    folder
        Of checkpoint, ONNX files (STAGE.NETWORK.onnx) and result.json; exists.
    device
        Where the task's tensors are.
    report
        Called after every step with the stage's name, the step, their number, and each network's loss.
    every
        Steps between two checkpoints.

    Raises
    ------
    ReferenceModelError
        E_RECIPE where a stage names networks or tensors that there are not.
    """

    def __init__(
        self, task: Task, recipe: Recipe, folder: Path, device: torch.device, report: Report, every: int
    ) -> None:
        self._task = task
        self._recipe = recipe
        self._folder = folder
        self._device = device
        self._report = report
        self._every = every
        _check_names(task, recipe)
        self._position = _Position()
        self._models: dict[str, Compressible] = {}

    def run(self) -> dict[str, Any]:
        """Train from the start, or on from a checkpoint, to the end.

        Returns
        -------
        What result.json holds.

        Raises
        ------
        ReferenceModelError
            E_CHECKPOINT where it belongs to another recipe.
        """
        resumed = self._resume()
        for number in range(self._position.stage, len(self._recipe.stages)):
            stage = self._recipe.stages[number]
            if not resumed:
                self._begin(number)
            resumed = False
            self._train(stage)
            self._position.results.append(self._finish(stage))
        result = {
            "recipe_sha256": self._recipe.digest,
            "device": self._device.type,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "stages": self._position.results,
        }
        checkpoint.write_file(self._folder / RESULT, json.dumps(result, indent=2).encode() + b"\n")
        return result

    def _make_models(self, stage: Stage) -> None:
        self._models = {
            name: Compressible(name, network, stage) for name, network in self._task.networks.items()
        }

    def _begin(self, number: int) -> None:
        self._position.stage, self._position.step = number, 0
        self._make_models(self._recipe.stages[number])
        for model in self._models.values():
            model.begin()
        self._save()

    def _train(self, stage: Stage) -> None:
        position = self._position
        per_epoch = math.ceil(self._task.examples / self._recipe.batch)
        steps = math.ceil(stage.epochs * per_epoch)
        for network in self._task.networks.values():
            network.train()
        teacher = self._teacher(stage.imitate) if stage.imitate else None
        order: tuple[torch.Tensor, ...] = ()
        while position.step < steps:
            epoch, place = divmod(position.step, per_epoch)
            if not order or place == 0:
                order = self._order(epoch)
            position.step += 1
            rate = learning_rate(stage, position.step, steps)
            losses = {}
            for name, loss in self._losses(order[place], teacher):
                self._models[name].step(loss, rate, position.step, steps)
                losses[name] = loss.detach()
            self._report(stage.name, position.step, steps, losses)
            if position.step % self._every == 0 or position.step == steps:
                self._save()

    def _teacher(self, stage: str) -> nn.Module:
        """Return the first network as it was after a stage."""
        name, network = next(iter(self._task.networks.items()))
        teacher = copy.deepcopy(network)
        _load(teacher, self._folder / f"{stage}.pt", name, self._device)
        return teacher.eval().requires_grad_(False)

    def _losses(self, chosen: torch.Tensor, teacher: nn.Module | None) -> Iterator[tuple[str, torch.Tensor]]:
        if teacher is None:
            yield from self._task.losses(chosen)
            return
        name, network = next(iter(self._task.networks.items()))
        inputs = self._task.inputs(chosen)
        yield name, nn.functional.mse_loss(network(inputs), teacher(inputs))

    def _order(self, epoch: int) -> tuple[torch.Tensor, ...]:
        """Return the batches of an epoch, each int64 (up to batch,), on the device."""
        generator = torch.Generator().manual_seed(self._seed(self._position.stage, epoch + 1))
        shuffled = torch.randperm(self._task.examples, generator=generator).to(self._device)
        return tuple(shuffled.split(self._recipe.batch))

    def _seed(self, stage: int, number: int) -> int:
        text = f"{self._recipe.seed} {stage} {number}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:7], "little")

    def _finish(self, stage: Stage) -> dict[str, Any]:
        """Write the networks as ONNX and measure the first of them."""
        for model in self._models.values():
            model.finish()
        files = {}
        for name, network in self._task.networks.items():
            network.eval()
            path = self._folder / f"{stage.name}.{name}.onnx"
            content = export(network, self._task.signatures[name])
            checkpoint.write_file(path, content)
            files[path.name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        states = {name: network.state_dict() for name, network in self._task.networks.items()}
        checkpoint.save(self._folder / f"{stage.name}.pt", states)
        measured = next(iter(self._task.networks.values()))
        return {"stage": stage.name, "measures": self._task.measure(measured), "files": files}

    def _save(self) -> None:
        position = self._position
        state = {
            "recipe": self._recipe.digest,
            "stage": position.stage,
            "step": position.step,
            "results": position.results,
            "generators": checkpoint.generators(),
            "models": {name: model.state_dict() for name, model in self._models.items()},
        }
        checkpoint.save(self._folder / CHECKPOINT, state)

    def _resume(self) -> bool:
        """Load the checkpoint, if there is one."""
        path = self._folder / CHECKPOINT
        if not path.exists():
            return False
        state = checkpoint.load(path, self._device)
        if state["recipe"] != self._recipe.digest:
            raise ReferenceModelError("E_CHECKPOINT", f"{path} is of another recipe; choose another folder")
        checkpoint.set_generators(state["generators"])
        self._position = _Position(state["stage"], state["step"], state["results"])
        self._make_models(self._recipe.stages[self._position.stage])
        for name, model in self._models.items():
            model.load_state_dict(state["models"][name])
        return True


def _check_names(task: Task, recipe: Recipe) -> None:
    tensors = {f"{name}.{each}" for name, network in task.networks.items() for each in weights_of(network)}
    for stage in recipe.stages:
        if unknown := (set(stage.networks) - set(task.networks)) | (set(stage.tensors) - tensors):
            raise ReferenceModelError("E_RECIPE", f"{stage.name}: there is no {', '.join(sorted(unknown))}")


def learning_rate(stage: Stage, step: int, steps: int) -> float:
    """Return the learning rate of step 1..steps of a stage."""
    progress = step / steps
    if stage.decay == "constant":
        return stage.learning_rate
    if stage.decay == "cycle":
        if progress < _RISE:
            return stage.learning_rate * progress / _RISE
        progress = (progress - _RISE) / (1 - _RISE)
    return stage.learning_rate * (1 + math.cos(math.pi * progress)) / 2


def start_from(task: Task, path: Path, device: torch.device) -> None:
    """Give a task's networks the weights of a file STAGE.pt that an earlier training wrote.

    Raises
    ------
    ReferenceModelError
        E_CHECKPOINT.
    """
    for name, network in task.networks.items():
        _load(network, path, name, device)


def _load(network: nn.Module, path: Path, name: str, device: torch.device) -> None:
    state = checkpoint.load(path, device)
    try:
        network.load_state_dict(state[name])
    except (KeyError, RuntimeError) as e:
        raise ReferenceModelError("E_CHECKPOINT", f"{path}: {e}") from e
