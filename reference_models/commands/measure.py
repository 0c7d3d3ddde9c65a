"""`python -m reference_models measure`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import nntc

from reference_models.commands.arguments import FILE, data_option, recipe_argument, threads_option


@click.command()
@recipe_argument
@click.argument("models", nargs=-1, required=True, type=FILE)
@data_option
@threads_option
def measure(recipe: Path, models: tuple[Path, ...], data: Path | None, threads: int) -> None:
    """Measure MODELS, ONNX or .nntc files, as training by RECIPE measures its network.

    They run on onnxruntime, as they would anywhere.
    """
    from reference_models.training.build import build_task
    from reference_models.training.device import prepare
    from reference_models.training.onnx_session import session
    from reference_models.training.recipe import read_recipe

    task = build_task(read_recipe(recipe), data, prepare(threads))
    for model in models:
        with tempfile.TemporaryDirectory(prefix="nntc-") as folder:
            path = model
            if model.suffix == ".nntc":
                path = Path(folder) / "model.onnx"
                nntc.decode(model, path)
            measures = task.measure(session(path, threads))
        click.echo(f"{model}: " + "  ".join(f"{name} {value:.4f}" for name, value in measures.items()))
