"""`python -m reference_models sheet`."""

from __future__ import annotations

from pathlib import Path

import click

from reference_models.commands.arguments import FILE, NEW_FILE

_ROWS, _COLUMNS = 4, 12
_SEED = 1
_FACTOR = 2  # a pixel of the image becomes 2x2 in the picture


@click.command()
@click.argument("models", nargs=-1, required=True, type=FILE)
@click.argument("picture", metavar="OUT.png", type=NEW_FILE)
def sheet(models: tuple[Path, ...], picture: Path) -> None:
    """Draw images that generators, ONNX files, make from the same noise, one sheet below the other."""
    import numpy as np
    import torch
    from PIL import Image

    from reference_models.networks.gan import NOISE
    from reference_models.training.onnx_session import session

    noise = torch.randn(_ROWS * _COLUMNS, NOISE, generator=torch.Generator().manual_seed(_SEED))
    sheets = []
    for model in models:
        images = ((session(model, 1)(noise).numpy() + 1) * 127.5).round().astype(np.uint8)
        rows = images.reshape(_ROWS, _COLUMNS, 3, 32, 32).transpose(0, 3, 1, 4, 2)
        sheets += [rows.reshape(_ROWS * 32, _COLUMNS * 32, 3), np.full((4, _COLUMNS * 32, 3), 128, np.uint8)]
    whole = np.concatenate(sheets[:-1]).repeat(_FACTOR, axis=0).repeat(_FACTOR, axis=1)
    Image.fromarray(whole).save(picture)
    click.echo(f"{picture}: {_ROWS * _COLUMNS} images of each, in the order given")
