"""Model of integers in place of a float model: made, chosen between kinds, measured before it is coded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nntc.decoder.folder import temporary_folder
from nntc.encoder.device import Device
from nntc.encoder.goals.fidelity import Fidelity
from nntc.encoder.goals.measuring import Measuring
from nntc.encoder.integers import making
from nntc.encoder.integers.made import Kind, MadeIntegers
from nntc.encoder.model import Model, open_model
from nntc.encoder.network.network import Network
from nntc.encoder.options import Integers, Options
from nntc.errors import ModelError
from nntc.progress import Phase, Progress, Steps

_NO_LARGER = 1.25
"""Times the smallest: a kind that leaves much of a model in floats is no choice."""
_MUCH = 0.1
"""Share of the weights that stay floats from which it is said."""


@contextmanager
def integers_of(
    model: Model, options: Options, measuring: Measuring | None, progress: Progress | None = None
) -> Iterator[tuple[Model, tuple[str, ...]]]:
    """Give a model of integers that stands for a float model, and what the user should know.

    With calibration samples, models with convolutions become static ones, as onnxruntime recommends. Others
    become static and dynamic ones, and the one whose outputs are nearer is taken. Without, all become dynamic
    ones. Files are in a folder that is removed afterwards.

    Parameters
    ----------
    model, options
        The float model, and what is asked.
    measuring
        Samples, and what measures on them against the float model; None without any.
    progress
        Told of each kind.

    Raises
    ------
    ImportError
        There is no onnxruntime, or not what it needs for int4.
    ModelError
        E_INTEGERS: onnxruntime's tools cannot make integers of the model. E_GOAL: the integers alone, before
        anything is coded, spoil more than may be.
    """
    tool = making.tool_name(int4=options.integers is Integers.INT4)
    kinds = _kinds(model, options, measuring)
    samples = measuring.calibration if measuring is not None and Kind.STATIC in kinds else None
    inputs = [entry.name for entry in model.network().inputs]
    with temporary_folder() as folder:
        making.begin(folder, model, samples, inputs)
        count = 0 if samples is None else len(samples)
        steps = Steps(progress, Phase.QUANTIZING, len(kinds), "kind")
        kind, path = _nearest(_made(folder, steps.through(kinds), count, inputs), measuring)
        with open_model(path, device=Device(options.device_memory)) as made:
            remarks = _floats_left(made, kind)
            alone = None if measuring is None else measuring.evaluator.measure(Network(path))
            if alone is not None:
                remarks += _refuse_spoilt(alone, options)
            about = MadeIntegers(tool, kind, made.size, alone)
            yield replace(made, original=model, made=about), remarks


def _kinds(model: Model, options: Options, measuring: Measuring | None) -> list[Kind]:
    """Return the kinds to choose from."""
    if options.integers is Integers.INT4:
        return [Kind.BLOCKS]
    if measuring is None or measuring.calibration is None:
        return [Kind.DYNAMIC]
    return [Kind.STATIC] if making.has_convolutions(model) else [Kind.STATIC, Kind.DYNAMIC]


def _made(folder: Path, kinds: Iterable[Kind], count: int, inputs: list[str]) -> dict[Kind, Path]:
    """Return models of integers that are some; E_INTEGERS where no kind gives one."""
    found: dict[Kind, Path] = {}
    problem = ModelError("E_INTEGERS", "onnxruntime's tools find no weights that they can make integers of")
    for kind in kinds:
        try:
            path = making.make(folder, kind, count, inputs)
        except ModelError as e:
            problem = e
            continue
        if making.has_integers(path):
            found[kind] = path
    if not found:
        raise problem
    return found


def _nearest(found: dict[Kind, Path], measuring: Measuring | None) -> tuple[Kind, Path]:
    """Return the kind whose outputs are nearest to the float model's, of those that are as small as any."""
    least = min(path.stat().st_size for path in found.values())
    small = {kind: path for kind, path in found.items() if path.stat().st_size <= _NO_LARGER * least}
    if len(small) == 1 or measuring is None:
        return next(iter(small.items()))
    return min(small.items(), key=lambda item: measuring.check.typical_error(Network(item[1])))


def _floats_left(made: Model, kind: Kind) -> tuple[str, ...]:
    """Return what to say of matrices that are floats still."""
    matrices = [tensor for tensor in made.tensors if len(tensor.dims) > 1]
    floats = sum(tensor.size for tensor in matrices if tensor.element.is_float)
    # Two weights of 4 bits are a byte.
    packed = 2 if kind is Kind.BLOCKS else 1
    elements = floats + packed * sum(tensor.size for tensor in matrices if not tensor.element.is_float)
    if floats <= _MUCH * elements:
        return ()
    return (f"{floats:,} of {elements:,} weights stay floats: onnxruntime's tools make no integers of them",)


def _refuse_spoilt(alone: Fidelity, options: Options) -> tuple[str, ...]:
    """Raise E_GOAL where integers alone break the goal; return a warning where they spoil all."""
    goal = options.goal
    if goal is not None and not goal.excess(alone) <= 0:
        raise ModelError(
            "E_GOAL",
            f"{goal.text} cannot be reached with {options.integers} integers: they alone, before anything is "
            f"coded, come to {goal.describe(alone)}, {alone.on}",
        )
    if goal is None and alone.is_far:
        return (
            f"WARNING: {options.integers} integers alone take outputs far from the original's: {alone.text}",
        )
    return ()
