"""`nntc decode`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from nntc.cli.arguments import (
    input_file,
    jobs_option,
    json_option,
    memory_option,
    output_file,
    refuse_same,
    size,
)
from nntc.cli.output import progress, show_json


@click.command()
@click.argument("source", metavar="IN.nntc", callback=input_file)
@click.argument("target", metavar="OUT.onnx", callback=output_file)
@jobs_option
@memory_option
@click.option(
    "--max-output", callback=size, metavar="SIZE", help="Refuse a file that decodes to more than this."
)
@click.option(
    "--replace-external", is_flag=True, help="Let external data replace files that are there already."
)
@json_option
def decode(
    source: Path,
    target: Path,
    jobs: int,
    max_memory: int | None,
    max_output: int | None,
    replace_external: bool,
    as_json: bool,
) -> None:
    """Restore the ONNX model in IN.nntc as OUT.onnx.

    External data goes beside OUT.onnx, under the names that the model has for it. Nothing appears under its
    name before everything has been decoded and has passed its SHA-256.

    \b
    Examples:
      nntc decode model.nntc model.onnx
      nntc decode model.nntc model.onnx --max-memory 1GiB    for files you do not trust
    """  # noqa: D301 - \b tells click to keep the lines below it
    import nntc

    refuse_same(source, target)
    with progress("decoding") as callback:
        result = nntc.decode(
            source,
            target,
            jobs=jobs,
            max_memory=max_memory,
            max_output=max_output,
            replace_external=replace_external,
            progress=callback,
        )
    places = [target if file.name is None else target.with_name(file.name) for file in result.files]
    if as_json:
        files = [
            {"file": str(place), **asdict(file)} for place, file in zip(places, result.files, strict=True)
        ]
        show_json({"size": result.size, "files": files})
        return
    for place, file in zip(places, result.files, strict=True):
        click.echo(f"{place}: {file.size:,} bytes, SHA-256 {file.sha256[:16]}... checked")
