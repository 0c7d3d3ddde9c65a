from __future__ import annotations

import sys, time
from pathlib import Path
import click


@click.group()
def main() -> None:
    """Train."""


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--threads", default=1)
@click.option("--every", default=100)
def train(recipe: Path, data: Path, out: Path, threads: int, every: int) -> None:
    """Train."""
    import torch

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(True)
    from reference_models.training.build import build_task
    from reference_models.training.recipe import read_recipe
    from reference_models.training.trainer import Trainer

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = read_recipe(recipe)
    out.mkdir(exist_ok=True, parents=True)
    task = build_task(chosen, data, device)
    since = time.monotonic()
    sums: dict[str, float] = {}
    def report(stage, step, steps, losses):
        for n, l in losses.items():
            sums[n] = sums.get(n, 0.0) + float(l)
        if step % 50 == 0:
            print(f"{time.monotonic() - since:7.0f}s {stage} {step}/{steps}", {n: round(v / 50, 4) for n, v in sums.items()}, flush=True)
            sums.clear()
    print(Trainer(task, chosen, out, device, report, every).run())


main()
