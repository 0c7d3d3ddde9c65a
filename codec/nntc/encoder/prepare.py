"""A model's tensors, ready for a method: with what samples tell of them, and as folding leaves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from nntc.encoder.calibration.calibration import Calibration, calibrate_network
from nntc.encoder.calibration.calibration_data import CalibrationData
from nntc.encoder.methods.partition import why_exact
from nntc.encoder.model import Model
from nntc.encoder.samples import Samples
from nntc.encoder.tensors import Tensor
from nntc.onnx.tensor import Path
from nntc.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTensors:
    """A model's tensors, ready for a method.

    Parameters
    ----------
    tensors
        As the model has them, but for those that folding changed.
    calibration
        What samples tell of them; None without samples, or if they had better not be used.
    remarks
        What the user should know.
    """

    tensors: Sequence[Tensor]
    calibration: CalibrationData | None = None
    remarks: tuple[str, ...] = ()


def calibrate(
    model: Model,
    samples: Samples,
    exact: Sequence[str] = (),
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> PreparedTensors:
    """Run samples through a model and return its tensors with what the samples tell of them.

    Parameters
    ----------
    model, samples
        The model and inputs for it; both stay as they are.
    exact
        Patterns of names of tensors that stay as they are.
    jobs, progress
        See `calibrate_network`.

    Raises
    ------
    ImportError
        There is no onnxruntime.
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    paths = [model.files.payloads[tensor.payload].path for tensor in model.tensors]
    whole = _whole(model, paths)
    may_fold = {
        path
        for path, i in whole.items()
        if model.tensors[i].grid is None and why_exact(model.tensors[i], exact) is None
    }
    if model.base is not None:  # whose weights are those before folding
        may_fold = set()
    network = model.network(real_weights=True)
    found = calibrate_network(network, samples, may_fold=may_fold, jobs=jobs, progress=progress)
    if found.doubt:
        remark = f"encoded without the calibration samples: {found.doubt}"
        return PreparedTensors(model.tensors, remarks=(remark,))
    tensors = list(model.tensors)
    for path, value in found.folding.values.items():
        changed = tensors[whole[path]].changed(memoryview(value.tobytes()))
        tensors[whole[path]] = replace(changed, scale=None)
    remarks: tuple[str, ...] = ()
    if found.folding.biases:
        count = len(found.folding.biases)
        remarks = (f"{count} batch normalizations are now part of the weights before them",)
    return PreparedTensors(tensors, _data(found, paths, whole), remarks)


def _whole(model: Model, paths: Sequence[Path]) -> dict[Path, int]:
    """Return the tensors that are all of one ONNX tensor and no other, by path.

    Only they can be folded, have an output bias, or be one.
    """
    repeated = set(model.repeats.values())
    return {
        path: number
        for number, (path, tensor) in enumerate(zip(paths, model.tensors, strict=True))
        if tensor.payload not in repeated and tensor.view.size == prod(tensor.dims)
    }


def _data(found: Calibration, paths: Sequence[Path], whole: Mapping[Path, int]) -> CalibrationData:
    """Return what calibration tells of tensors with these paths; pieces of one tensor share it."""
    statistics = found.statistics.tensors
    slopes = found.sensitivities.slopes()
    output_biases = {}
    for path, bias in found.output_biases.items():
        if path in whole and bias.path in whole:
            output_biases[whole[path]] = whole[bias.path], bias.sign
    for path, own in found.folding.biases.items():
        output_biases[whole[path]] = whole[own], 1
    # Errors are larger with other samples than these: what counts is the divergence with those.
    inflation = {
        path: known.cross_validated.inflation for path, known in statistics.items() if known.cross_validated
    }
    numbered = list(enumerate(paths))
    missing = found.statistics.missing
    return CalibrationData(
        {number: statistics[path] for number, path in numbered if path in statistics},
        {number: slopes[path] * inflation.get(path, 1.0) for number, path in numbered if path in slopes},
        output_biases,
        {number: missing[path] for number, path in numbered if path in missing},
    )
