"""A network in training together with what compression asks of its weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from reference_models.training.pruning import prune, sparsity_at
from reference_models.training.recipe import Stage
from reference_models.training.sharing import SharedWeights, share

_RAMP_EVERY = 20  # steps from one rise of the sparsity to the next
_WARMTH = 10  # the running mean reaches back over about a tenth of the steps, until its decay limits it


def weights_of(network: nn.Module) -> dict[str, nn.Parameter]:
    """Return what is pruned and quantized: trained tensors of two dimensions or more, by name."""
    return {name: p for name, p in network.named_parameters() if p.requires_grad and p.ndim > 1}


class Compressible:
    """Trains a network through one stage; what is pruned or shared holds after every step.

    Parameters
    ----------
    name
        What the stage calls it.
    network
        Trained in place.
    stage
        What is done.
    """

    def __init__(self, name: str, network: nn.Module, stage: Stage) -> None:
        self._network = network
        self._stage = stage
        self._chosen = stage.compresses(name)
        self._trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
        self._weights = weights_of(network)
        self._own = {each: stage.tensors.get(f"{name}.{each}") for each in self._weights}
        self._masks: dict[str, Tensor] = {}
        self._shared: dict[str, SharedWeights] = {}
        self._initial_sparsity: dict[str, float] = {}
        self._average: dict[str, Tensor] = {}
        self._optimizer: torch.optim.Optimizer | None = None

    def begin(self) -> None:
        """Begin the stage: what is zero already stays so, then prune at once or cluster."""
        stage = self._stage
        self._initial_sparsity = {n: float((p == 0).double().mean()) for n, p in self._weights.items()}
        self._masks = {name: p != 0 for name, p in self._weights.items() if self._initial_sparsity[name] > 0}
        if self._chosen and stage.kind == "quantize":
            self._shared = {
                name: share(p, int(self._setting(name, stage.bits)), stage.start)
                for name, p in self._weights.items()
            }
        if self._chosen and stage.kind == "prune":
            self._prune(0.0)
        self._hold()
        if stage.average:
            self._average = {name: values.detach().clone() for name, values in self._values().items()}
        self._make_optimizer()

    def step(self, loss: Tensor, learning_rate: float, step: int, steps: int) -> None:
        """Follow the gradient of a scalar loss, as step 1..steps of the stage."""
        self._set_gradients(loss)
        optimizer = self._optimizer
        if optimizer is None:
            raise RuntimeError("begin or load_state_dict comes first")
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
        optimizer.step()
        optimizer.zero_grad()
        rising = self._chosen and self._stage.kind == "prune" and self._stage.ramp > 0
        if rising and (step == steps or step % _RAMP_EVERY == 0):
            self._prune(step / steps)
        self._hold()
        self._follow(step)

    def finish(self) -> None:
        """Finish the stage: with a running mean, the network gets it."""
        with torch.no_grad():
            for name, mean in self._average.items():
                self._values()[name].copy_(mean)
        self._hold()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the rest of the stage depends on, as tensors and plain values."""
        return {
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict() if self._optimizer else None,
            "masks": self._masks,
            "shared": {n: (s.centroids.detach(), s.clusters) for n, s in self._shared.items()},
            "initial_sparsity": self._initial_sparsity,
            "average": self._average,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what state_dict returned."""
        self._network.load_state_dict(state["network"])
        self._masks = state["masks"]
        self._shared = {name: SharedWeights(*pair) for name, pair in state["shared"].items()}
        self._initial_sparsity = state["initial_sparsity"]
        self._average = state["average"]
        self._make_optimizer()
        if self._optimizer is not None:
            self._optimizer.load_state_dict(state["optimizer"])

    def _make_optimizer(self) -> None:
        matrices = [p for name, p in self._weights.items() if name not in self._shared]
        vectors = [p for name, p in self._trained.items() if name not in self._weights]
        values = [shared.centroids for shared in self._shared.values()]
        groups = [
            {"params": matrices, "weight_decay": self._stage.weight_decay},
            {"params": vectors + values, "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(
            [group for group in groups if group["params"]],
            lr=self._stage.learning_rate,
            betas=self._stage.betas,
        )

    def _set_gradients(self, loss: Tensor) -> None:
        gradients = torch.autograd.grad(loss, list(self._trained.values()))
        if self._stage.gradient_norm:
            norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
            factor = (self._stage.gradient_norm / (norm + 1e-6)).clamp(max=1.0)
            gradients = tuple(gradient * factor for gradient in gradients)
        for (name, p), gradient in zip(self._trained.items(), gradients, strict=True):
            if name in self._shared:
                self._shared[name].centroids.grad = self._shared[name].gradient(gradient)
            else:
                p.grad = gradient

    def _values(self) -> dict[str, Tensor]:
        """Return what the optimizer changes: for shared weights their centroids."""
        return {n: self._shared[n].centroids if n in self._shared else p for n, p in self._trained.items()}

    def _follow(self, step: int) -> None:
        """Let the running mean follow, faster in the first steps, lest it remember the stage's beginning."""
        decay = min(self._stage.average, (1 + step) / (_WARMTH + step))
        with torch.no_grad():
            for name, mean in self._average.items():
                mean.lerp_(self._values()[name], 1 - decay)

    def _prune(self, progress: float) -> None:
        stage = self._stage
        due = {
            name: sparsity_at(self._setting(name, stage.sparsity), initial, progress, stage.ramp)
            for name, initial in self._initial_sparsity.items()
        }
        self._masks = prune(self._weights, due, stage.scope)

    def _setting(self, name: str, general: float) -> float:
        own = self._own[name]
        return general if own is None else own

    def _hold(self) -> None:
        """Set pruned weights to zero and shared ones to their centroids."""
        with torch.no_grad():
            for name, mask in self._masks.items():
                self._weights[name].masked_fill_(~mask, 0.0)  # a product would leave zeros with signs
            for name, shared in self._shared.items():
                self._weights[name].copy_(shared.weights())
