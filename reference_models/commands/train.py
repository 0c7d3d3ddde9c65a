"""`python -m reference_models train`."""

from __future__ import annotations

from pathlib import Path

import click

from reference_models.commands.arguments import FILE, data_option, recipe_argument, threads_option


@click.command()
@recipe_argument
@data_option
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True,
    help="Folder of the results and of the checkpoint; made if there is none.",
)  # fmt: skip
@click.option(
    "--initial", type=FILE, help="Begin with the networks that another training left in this file, STAGE.pt."
)
@click.option(
    "--checkpoint-every", type=click.IntRange(min=1), default=100, show_default=True, metavar="STEPS",
    help="How much work an interruption may cost. Never changes the result.",
)  # fmt: skip
@threads_option
def train(
    recipe: Path, data: Path | None, out: Path, initial: Path | None, checkpoint_every: int, threads: int
) -> None:
    """Train by RECIPE, a file or the name of one that comes along.

    Runs on the GPU if there is one. After every stage the networks are in OUT as STAGE.NETWORK.onnx; at the
    end OUT/result.json has what was measured. Called again after an interruption, of whatever kind, it goes
    on from the last checkpoint to the same result, bit for bit.
    """
    from reference_models.training.build import build_task
    from reference_models.training.device import prepare
    from reference_models.training.progress import TrainingProgress
    from reference_models.training.recipe import read_recipe
    from reference_models.training.trainer import Trainer, start_from

    device = prepare(threads)
    chosen = read_recipe(recipe)
    task = build_task(chosen, data, device)
    if initial is not None:
        start_from(task, initial, device)
    out.mkdir(parents=True, exist_ok=True)
    with TrainingProgress() as progress:
        result = Trainer(task, chosen, out, device, progress, checkpoint_every).run()
    for stage in result["stages"]:
        measures = "  ".join(f"{name} {value:.4f}" for name, value in stage["measures"].items())
        click.echo(f"{stage['stage']}: {measures}")
