"""`python -m reference_models measure`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

import codec
from reference_models.commands.arguments import data_option, recipe_argument, threads_option

if TYPE_CHECKING:
    from reference_models.training.tasks import Run


@click.command()
@recipe_argument
@click.argument(
    "models", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@data_option
@threads_option
def measure(recipe: Path, models: tuple[Path, ...], data: Path | None, threads: int) -> None:
    """Measure MODELS, ONNX or .nntc files, as training by RECIPE measures its network.

    They run on onnxruntime, as they would anywhere.
    """
    from reference_models.training.build import build_task
    from reference_models.training.device import prepare
    from reference_models.training.recipe import read_recipe

    task = build_task(read_recipe(recipe), data, prepare(threads))
    for model in models:
        with tempfile.TemporaryDirectory(prefix="nntc-") as folder:
            path = model
            if model.suffix == ".nntc":
                path = Path(folder) / "model.onnx"
                codec.decode(model, path)
            measures = task.measure(_session(path, threads))
        click.echo(f"{model}: " + "  ".join(f"{name} {value:.4f}" for name, value in measures.items()))


def _session(path: Path, threads: int) -> Run:
    """Return a function that runs a model's only input to its first output."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(inputs: torch.Tensor) -> torch.Tensor:
        outputs = session.run(None, {name: inputs.cpu().numpy()})[0]
        return torch.from_numpy(outputs).to(inputs.device)

    return run
