"""`nntc verify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntc.cli.arguments import input_file, jobs_option, json_option, memory_option
from nntc.cli.output import error_text, progress, shape_text, show_json, show_table

if TYPE_CHECKING:
    from nntc.reader.compare import VerifyResult


@click.command()
@click.argument("source", metavar="FILE.nntc", callback=input_file)
@click.argument("original", metavar="[ORIGINAL.onnx]", callback=input_file, required=False)
@jobs_option
@memory_option
@json_option
def verify(source: Path, original: Path | None, jobs: int, max_memory: int | None, as_json: bool) -> None:
    """Check FILE.nntc; compare it with the original.

    Decodes everything, checks every CRC-32 and SHA-256, and keeps nothing.

    With ORIGINAL.onnx, also tell how far the decoded model is from it: identical, or the relative error
    ||decoded - original|| / ||original|| of each tensor and of all. Exit code 0 means that the file is sound,
    whatever the error; an ORIGINAL.onnx that is another model is rejected with exit code 1.

    \b
    Examples:
      nntc verify model.nntc
      nntc verify model.nntc model.onnx
    """  # noqa: D301 - \b tells click to keep the lines below it
    import nntc

    with progress("verifying") as callback:
        result = nntc.verify(source, original, jobs=jobs, max_memory=max_memory, progress=callback)
    if as_json:
        show_json({"file": str(source), **asdict(result), "error": result.error})
    else:
        _show(result, source, original)


def _show(result: VerifyResult, source: Path, original: Path | None) -> None:
    size = sum(file.size for file in result.files)
    click.echo(f"{source}: sound; all checksums match, decodes to {size:,} bytes")
    if original is None:
        return
    if result.identical:
        click.echo(f"{original}: identical, byte for byte")
        return
    rows = [
        [tensor.name, tensor.data_type, shape_text(tensor.shape), error_text(tensor.error)]
        for tensor in result.tensors
    ]
    total = sum(tensor.size for tensor in result.tensors)
    rows.append(["all", "", f"{total:,} weights", error_text(result.error)])
    show_table("", ["tensor", "type", "shape", "error"], rows, left=3)
    click.echo()
    click.echo(f"{original}: same graph, weights off by {error_text(result.error)}")
