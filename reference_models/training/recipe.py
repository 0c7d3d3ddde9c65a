"""Recipes: TOML files that say what is trained on what, in which stages.

    task = "reviews"            # images, reviews or gan
    seed = 1
    batch = 64
    [options]                   # of the task
    length = 500
    [[stage]]                   # dense, then prune, then quantize, each optional
    kind = "dense"
    epochs = 3
    learning_rate = 1e-3

A recipe is checked when it is read: an unknown key or an impossible value is a fault of the recipe, found
before hours of training and not after.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from nntc.encoder.options import Centroids

from reference_models.errors import ReferenceModelError

Kind = Literal["dense", "prune", "quantize"]
Decay = Literal["constant", "cosine", "cycle"]
Scope = Literal["tensor", "network"]

LARGEST_BITS = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training.

    Parameters
    ----------
    kind
        dense trains on; prune sets the smallest weights to zero and trains the others; quantize lets the
        weights of a tensor share few values and trains those.
    epochs
        Passes over the training examples, more than 0; need not be whole.
    learning_rate
        Adam's, at its largest.
    decay
        How it goes on: constant; cosine to zero; cycle: up over the first fifth, then cosine to zero.
    weight_decay
        Decoupled decay of tensors of two or more dimensions.
    betas
        Adam's.
    average
        Decay of a running mean of what is trained, in 0..1: the stage leaves that mean; with 0, what its last
        step made.
    gradient_norm
        Largest norm of a network's gradient; 0 for no limit.
    networks
        Those which are pruned or quantized; all if empty. The others are trained as they are.
    sparsity
        prune: share of a tensor's weights that become zero, in 0..1.
    ramp
        prune: share of the stage over which the sparsity rises to that (gradual); 0 prunes at once
        (constant).
    scope
        prune: whether every tensor loses this share, or the network the smallest of all its weights.
    bits
        quantize: a tensor keeps at most 2^bits values, zero included where it is pruned; in 1..8.
    start
        quantize: initial centroids evenly spaced, at quantiles, or drawn among the weights.
    tensors
        prune: sparsities, quantize: bits of single tensors instead of the general one; a tensor's name is
        NETWORK.TENSOR.
    imitate
        Name of an earlier stage: instead of its task, the first network learns to give the outputs that it
        gave after that stage, by least squares. The others rest.
    name
        Of the files written after the stage; the kind by default.
    """

    kind: Kind
    epochs: float
    learning_rate: float
    decay: Decay = "constant"
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    average: float = 0.0
    gradient_norm: float = 0.0
    networks: tuple[str, ...] = ()
    sparsity: float = 0.0
    ramp: float = 0.0
    scope: Scope = "tensor"
    bits: int = LARGEST_BITS
    start: Centroids = Centroids.LINEAR
    tensors: dict[str, float] = field(default_factory=dict)
    imitate: str = ""
    name: str = ""

    def compresses(self, network: str) -> bool:
        """Tell whether a network of this name is pruned or quantized."""
        return self.kind != "dense" and (not self.networks or network in self.networks)

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.kind)
        for key, choices in (("kind", Kind), ("decay", Decay), ("scope", Scope)):
            if getattr(self, key) not in get_args(choices):
                raise _fault(f"{key} must be one of {', '.join(get_args(choices))}")
        try:
            object.__setattr__(self, "start", Centroids(self.start))
        except ValueError as e:
            raise _fault(f"start must be one of {', '.join(Centroids)}") from e
        if not self.epochs > 0 or not self.learning_rate > 0:
            raise _fault("epochs and learning_rate must be greater than 0")
        if not 0 <= self.ramp <= 1:
            raise _fault("ramp must be in 0..1")
        if not 0 <= self.average < 1:
            raise _fault("average must be at least 0 and less than 1")
        shares = [self.sparsity, *(self.tensors.values() if self.kind == "prune" else ())]
        if not all(0 <= share < 1 for share in shares):
            raise _fault("a sparsity must be at least 0 and less than 1")
        depths = [self.bits, *(self.tensors.values() if self.kind == "quantize" else ())]
        if not all(depth in range(1, LARGEST_BITS + 1) for depth in depths):
            raise _fault(f"bits must be in 1..{LARGEST_BITS}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to train and how.

    Parameters
    ----------
    task
        Name of the task.
    stages
        In order, at least one, with different names.
    batch
        Examples a step.
    seed
        Of initial weights, order, augmentation, noise.
    options
        Of the task.
    digest
        SHA-256 of the recipe's text.
    """

    task: str
    stages: tuple[Stage, ...]
    batch: int
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    digest: str = ""


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises
    ------
    ReferenceModelError
        E_RECIPE.
    """
    try:
        text = path.read_bytes()
        content = tomllib.loads(text.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise ReferenceModelError("E_RECIPE", f"{path}: {e}") from e
    try:
        stages = tuple(_build(Stage, stage) for stage in content.pop("stage", []))
        recipe = _build(Recipe, content | {"stages": stages, "digest": hashlib.sha256(text).hexdigest()})
        if not stages or len({stage.name for stage in stages}) < len(stages):
            raise _fault("there must be stages, of different names")
        earlier: set[str] = set()
        for stage in stages:
            if stage.imitate and stage.imitate not in earlier:
                raise _fault(f"{stage.name}: there is no earlier stage {stage.imitate}")
            earlier.add(stage.name)
        if recipe.batch < 1:
            raise _fault("batch must be at least 1")
    except ReferenceModelError as e:
        raise ReferenceModelError("E_RECIPE", f"{path}: {e.message}") from e
    return recipe


def _build(kind: type[T], content: dict[str, Any]) -> T:
    """Build a dataclass from a table of TOML, checking its keys and simple types."""
    hints = get_type_hints(kind)
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # both are dataclasses
    if unknown := set(content) - known:
        raise _fault(f"unknown: {', '.join(sorted(unknown))}")
    values = {}
    for key, value in content.items():
        hint = hints[key]
        if hint is float and isinstance(value, int):
            value = float(value)
        if hint in (int, float, str) and (type(value) is not hint):
            raise _fault(f"{key} must be of type {hint.__name__}")
        values[key] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**values)
    except TypeError as e:
        raise _fault(str(e).partition("() ")[2] or str(e)) from e


def _fault(message: str) -> ReferenceModelError:
    return ReferenceModelError("E_RECIPE", message)
