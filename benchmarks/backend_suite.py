"""Every method on the models of onnx's own backend tests, about 2,000, run by onnxruntime before and after.

    python -m benchmarks.backend_suite [--methods auto lossless ...] [--fixed] [--only PART] [--jobs N]

The package onnx holds them: a model for each operator and case (`backend/test/case`), and small networks
(`backend/test/data`), with inputs. Checked is, for each method:

- `lossless` gives the model back, byte for byte.
- What any other method gives is a model that onnxruntime runs where it ran the original.
- Outputs that are no floating-point numbers are equal. Those that are have their infinities and NaN in the
  same places, and elsewhere are off by at most the method's bound (`METHODS`), as the norm of the error
  relative to that of the output: 20 %. The quality of 30 dB that `auto` has here, and 8 bits for `dct` and
  `deep`, are an error of 3 % in a layer's weights; but many of these layers have sums of a few terms that
  cancel by chance.

Most of these models have their tensors as inputs. With `--fixed` all inputs but the first are made constants
of the model, and tensors of any size are coded, not only those from 64 bytes on: so it is seen whether the
encoder knows which constants of each operator may change at all.
Exit code 1 if anything fails.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import nntc
import numpy as np
import onnx
import onnx.backend.test
import onnxruntime
from nntc.encoder.split import model as split_model
from nntc.encoder.split import payloads as split_payloads
from onnx import numpy_helper

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """A method's options, and how far outputs may be off: norm of the error relative to the output's."""

    options: dict[str, Any]
    bound: float


METHODS = {
    "lossless": Method({"method": "lossless"}, 0.0),
    "auto": Method({}, 0.2),
    "dct": Method({"method": "dct", "bits": 8}, 0.2),
    "deep": Method({"method": "deep", "bits": 8}, 0.2),
    "calibrated": Method({}, 0.2),
}
SAMPLES = 24
_RUNTIME_ERRORS = (
    onnxruntime.capi.onnxruntime_pybind11_state.Fail,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidGraph,
    onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented,
    onnxruntime.capi.onnxruntime_pybind11_state.RuntimeException,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Case:
    """A model with values for its inputs, in their order."""

    name: str
    model: bytes
    inputs: Sequence[Any]


def node_cases() -> Iterator[Case]:
    """Yield a model for each operator and case."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    for case in cases:
        if case.model is not None and case.data_sets:
            yield Case(case.name, case.model.SerializeToString(), list(case.data_sets[0][0]))


def file_cases() -> Iterator[Case]:
    """Yield the models that the package onnx holds as files, with their first set of inputs."""
    data = Path(onnx.backend.test.__file__).parent / "data"
    for path in sorted(data.rglob("*.onnx")):
        content = path.read_bytes()
        places = (path.parent / "test_data_set_0").glob("input_*.pb")
        inputs = [_value(place.read_bytes()) for place in sorted(places, key=_number)]
        if not inputs:
            graph = onnx.load_model_from_string(content).graph
            inputs = [_random(value) for value in graph.input][: _needed(graph)]
        name = path.parent.name if path.stem == "model" else path.stem
        yield Case(name, content, inputs)


def _number(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])


def _value(content: bytes) -> Any:
    tensor = onnx.TensorProto()
    tensor.ParseFromString(content)
    return numpy_helper.to_array(tensor)


def _needed(graph: onnx.GraphProto) -> int:
    return len({value.name for value in graph.input} - {tensor.name for tensor in graph.initializer})


def _random(value: onnx.ValueInfoProto) -> Any:
    shape = [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def fixed(case: Case) -> Case | None:
    """Return a case whose inputs but the first are constants, None if there are none."""
    model = onnx.load_model_from_string(case.model)
    graph = model.graph
    constants = []
    for value, content in list(zip(graph.input, case.inputs, strict=False))[1:]:
        if not value.type.HasField("tensor_type") or not isinstance(content, np.ndarray):
            return None
        tensor = numpy_helper.from_array(content, value.name)
        if tensor.data_type != value.type.tensor_type.elem_type:
            return None
        constants.append(tensor)
    if not constants or model.functions:
        return None
    names = {tensor.name for tensor in constants}
    kept = [value for value in graph.input if value.name not in names]
    del graph.input[:]
    graph.input.extend(kept)
    graph.initializer.extend(constants)
    return Case(f"{case.name} (fixed)", model.SerializeToString(), case.inputs[:1])


def run(model: bytes, inputs: Sequence[Any]) -> list[Any]:
    """Return a model's outputs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    outputs: list[Any] = session.run(None, dict(zip(names, inputs, strict=True)))
    return outputs


def problem(before: Any, after: Any, bound: float) -> str:
    """Return what is wrong with an output; "" if nothing is."""
    if isinstance(before, list):
        parts = (problem(a, b, bound) for a, b in zip(before, after, strict=True))
        return next((part for part in parts if part), "")
    if before is None or isinstance(before, dict):
        return "" if str(before) == str(after) else "another output"
    if before.shape != after.shape or before.dtype != after.dtype:
        return f"{after.dtype} output of shape {after.shape}"
    if before.dtype.kind not in "fV" or before.dtype.kind == "V":
        return "" if np.array_equal(before, after) else "another output"
    finite = np.isfinite(before)
    a, b = before.astype(np.float64), after.astype(np.float64)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(b[finite]).all():
        return "output not finite, or not where it was not"
    error = float(np.linalg.norm(b[finite] - a[finite]))
    size = float(np.linalg.norm(a[finite]))
    return "" if error <= bound * size else f"output off by {error / size if size else error:.3g}"


def samples_of(case: Case) -> list[Inputs]:
    """Return samples like a case's inputs: floating-point numbers move by their own spread."""
    names = [value.name for value in onnxruntime.InferenceSession(case.model).get_inputs()]
    random = np.random.default_rng(0)

    def moved(value: Any) -> Any:
        if value.dtype.kind != "f":
            return value
        spread = value.std() if value.size else 0.0
        return (value + spread * random.standard_normal(value.shape)).astype(value.dtype)

    return [
        {name: moved(value) for name, value in zip(names, case.inputs, strict=True)} for _ in range(SAMPLES)
    ]


def check(case: Case, methods: Sequence[str], least: int) -> list[tuple[str, str, str]]:
    """Return case, method and "ok", "does not run" or what is wrong, for each method."""
    before: list[Any] | None = None
    with contextlib.suppress(*_RUNTIME_ERRORS):
        before, again = (run(case.model, case.inputs) for _ in range(2))
        if any(problem(a, b, 0.0) for a, b in zip(before, again, strict=True)):
            before = None  # random
    results = []
    for name in methods:
        try:
            with (
                mock.patch.object(split_model.open_model, "__kwdefaults__", {"min_bytes": least}),
                mock.patch.object(split_payloads, "MIN_BYTES", least),
            ):
                results.append((case.name, name, _outcome(case, name, before)))
        except Exception:  # whatever it is, it shall be seen
            results.append((case.name, name, traceback.format_exc(limit=-3)))
    return results


def _outcome(case: Case, name: str, before: list[Any] | None) -> str:
    method = METHODS[name]
    options = dict(method.options)
    if name == "calibrated":
        if before is None or not case.inputs or not all(hasattr(value, "dtype") for value in case.inputs):
            return "not calibrated"
        options["calibration"] = samples_of(case)
    with tempfile.TemporaryDirectory() as folder:
        coded, decoded = Path(folder, "m.nntc"), Path(folder, "m.onnx")
        try:
            report = nntc.encode(case.model, coded, **options)
        except (nntc.SamplesError, nntc.ModelError) as e:
            if name == "calibrated" and e.id in ("E_SAMPLES", "E_RUN"):
                return "not calibrated"
            raise
        nntc.decode(coded, decoded)
        after = decoded.read_bytes()
    if after == case.model:
        return "ok"
    if name == "lossless" or (not report.error and name != "calibrated"):
        return "not the original bytes"
    if before is None:
        return "changed, does not run"
    outputs = run(after, case.inputs)
    problems = (problem(a, b, method.bound) for a, b in zip(before, outputs, strict=True))
    return next((found for found in problems if found), "changed, ok")


def all_cases(options: argparse.Namespace) -> Iterator[Case]:
    """Yield what the command line asks for."""
    for case in (*file_cases(), *node_cases()):
        if options.only in case.name:
            yield case
            other = fixed(case) if options.fixed else None
            if other is not None:
                yield other


def main() -> None:
    """Print what fails, and how many of each outcome there are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--fixed", action="store_true", help="also with inputs but the first as constants")
    parser.add_argument("--only", default="", metavar="PART", help="cases whose names have this in them")
    parser.add_argument("--jobs", type=int, default=1, metavar="N")
    options = parser.parse_args()
    cases = list(all_cases(options))
    counts: dict[str, Counter[str]] = {name: Counter() for name in options.methods}
    failed = False
    with ProcessPoolExecutor(options.jobs) as pool:
        task = partial(check, methods=options.methods, least=1 if options.fixed else split_payloads.MIN_BYTES)
        for results in pool.map(task, cases, chunksize=20):
            for case, method, outcome in results:
                known = outcome in ("ok", "changed, ok", "changed, does not run", "not calibrated")
                counts[method][outcome if known else "FAILED"] += 1
                if not known:
                    failed = True
                    print(f"{case}, {method}: {outcome}", flush=True)
    print(f"{len(cases)} models")
    for method, outcomes in counts.items():
        print(f"{method:12}", ", ".join(f"{outcome}: {count}" for outcome, count in outcomes.most_common()))
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
