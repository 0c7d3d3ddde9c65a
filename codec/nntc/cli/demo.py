"""`nntc demo`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntc.cli.options import json_option
from nntc.cli.output import error_text, say, show_json, show_table

if TYPE_CHECKING:
    from nntc.demo.run import DemoResult


@click.command()
@click.option(
    "--save", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="FOLDER",
    help="Write model.onnx, calibration.npz and evaluation.npz there instead, to try other commands on.",
)  # fmt: skip
@json_option
def demo(folder: Path | None, as_json: bool) -> None:
    """Code a small network and run it before and after.

    The network reads handwritten digits; it comes along as a .nntc file, with 500 images that it was not
    trained on. Nothing is written, nothing is fetched. It runs on onnxruntime where that is installed.
    """
    from nntc.demo.run import run, save

    if folder is not None:
        paths = [str(path) for path in save(folder)]
        if as_json:
            show_json({"files": paths})
        else:
            for path in paths:
                say(path)
        return
    result = run()
    if as_json:
        show_json(asdict(result))
    else:
        _show(result)


def _show(result: DemoResult) -> None:
    show_table(
        f"A network of {result.weights:,} weights that reads digits, on {result.images} images new to it",
        ["", "bytes", "times smaller", "weight error", "top-1", "same answer"],
        [
            [
                row.coding,
                f"{row.bytes:,}",
                f"{row.ratio:.2f}",
                error_text(row.error),
                f"{row.top1:.1%}",
                f"{row.agreement:.1%}",
            ]
            for row in result.rows
        ],
    )
