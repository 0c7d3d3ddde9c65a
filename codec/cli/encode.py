"""`nntc encode`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codec.cli.arguments import input_file, jobs_option, json_option, output_file, refuse_same, size
from codec.cli.output import error_text, progress, show_json

if TYPE_CHECKING:
    from codec.encoder.report import EncodeReport


@click.command()
@click.argument("source", metavar="IN.onnx", callback=input_file)
@click.argument("target", metavar="OUT.nntc", callback=output_file)
@click.option(
    "-m", "--method", default="auto", show_default=True,
    type=click.Choice(["auto", "lossless", "quantization", "clustering", "dct"]),
    help="auto chooses for every tensor what costs least; lossless keeps every bit; the others are the "
    "methods of Laude et al., as published.",
)  # fmt: skip
@click.option(
    "-q",
    "--quality",
    type=float,
    metavar="DB",
    help="auto: how close to stay, in dB: 20 is coarse, 30 the default, 40 fine.",
)
@click.option(
    "--bits", type=float, metavar="N", help="Bits per weight: aimed at by auto; 1 to 8 for the others."
)
@click.option(
    "--target-size", callback=size, metavar="SIZE", help="auto: reach this file size, such as 500k."
)
@click.option("--ratio", type=float, metavar="X", help="auto: make the file this many times smaller.")
@click.option(
    "--objective", type=click.Choice(["outputs", "weights"]),
    help="auto: what to keep close: the network's outputs, or the weights themselves.  [default: outputs]",
)  # fmt: skip
@click.option(
    "--entropy", type=click.Choice(["rans", "bzip2", "huffman", "zstd"]),
    help="quantization, clustering, dct: entropy coder.  [default: rans]",
)  # fmt: skip
@jobs_option
@json_option
def encode(source: Path, target: Path, as_json: bool, **chosen: Any) -> None:
    """Compress the ONNX model IN.onnx into OUT.nntc.

    External data is read from the folder of IN.onnx and goes into the same file. An existing OUT.nntc is
    replaced when the new one is complete and has been checked by decoding it.

    \b
    Examples:
      nntc encode model.onnx model.nntc                      best choice for each tensor
      nntc encode model.onnx model.nntc --method lossless    every bit kept
      nntc encode model.onnx model.nntc --ratio 10           ten times smaller
      nntc encode model.onnx model.nntc --target-size 1.5M   at most 1,500,000 bytes
    """  # noqa: D301 - \b tells click to keep the lines below it
    import codec
    from codec.encoder.options import check_options

    refuse_same(source, target)
    try:
        check_options(**chosen)
    except ValueError as e:
        raise click.UsageError(f"{e}.") from e
    with progress("encoding") as callback:
        report = codec.encode(source, target, progress=callback, **chosen)
    if as_json:
        totals = {"ratio": report.ratio, "error": report.error}
        show_json({"file": str(target), **asdict(report), **totals})
        return
    _show(report, target)


def _show(report: EncodeReport, target: Path) -> None:
    for remark in report.remarks:
        click.echo(f"nntc: note: {remark}", err=True)
    for tensor in report.tensors:
        if tensor.note:
            click.echo(f"nntc: note: {tensor.name}: {tensor.note}", err=True)
    error = "every weight exact" if report.error == 0 else f"weights off by {error_text(report.error)}"
    click.echo(f"{target}: {report.size:,} bytes, {report.ratio:.2f} times smaller, {error}")
