"""`nntc encode`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntc.cli.options import (
    Sectioned,
    dask_option,
    follow_links_option,
    input_file,
    jobs_option,
    json_option,
    output_file,
    refuse_same,
    samples_path,
    size,
)
from nntc.cli.output import error_text, progress, say, show_json, show_notes, show_table
from nntc.cli.samples import SECTION, image_options, sample_sources

if TYPE_CHECKING:
    from nntc.encoder.report import EncodeReport

_STAGES = {
    "original": "original",
    "pruned": "pruned, zeros stored",
    "sparse": "pruned, sparse rows",
    "quantized": "quantized",
    "coded": "coded, the whole file",
}


_SECTIONS = {
    "How": ("method", "objective", "entropy", "exact"),
    "How small or how close (one of these; all but --bits are for method auto)": (
        "quality", "bits", "target_size", "ratio", "max_divergence", "min_agreement", "max_drop", "metric"
    ),
    "Samples of the model's inputs": SECTION,
    "Method deep (without --bits, nothing is quantized)": (
        "prune", "prune_scope", "centroids", "sparse", "biases"
    ),
}  # fmt: skip


@click.command(cls=Sectioned, sections=_SECTIONS)
@click.argument("source", metavar="IN.onnx", callback=input_file)
@click.argument("target", metavar="OUT.nntc", callback=output_file)
@click.option(
    "-m", "--method", default="auto", show_default=True,
    type=click.Choice(["auto", "lossless", "quantization", "clustering", "dct", "deep"]),
    help="auto chooses for every tensor what costs least; lossless keeps every bit; quantization, "
    "clustering and dct are the methods of Laude et al., deep that of Han et al., as published.",
)  # fmt: skip
@click.option(
    "--objective", type=click.Choice(["outputs", "weights"]),
    help="auto: what to keep close: the network's outputs, or the weights themselves.  [default: outputs]",
)  # fmt: skip
@click.option(
    "--entropy", type=click.Choice(["rans", "bzip2", "huffman", "zstd"]),
    help="Entropy coder of the methods as published.  [default: huffman for deep, rans for the others]",
)  # fmt: skip
@click.option(
    "-q", "--quality", type=float, metavar="DB",
    help="How close the weights stay, in dB: 20 is coarse, 30 the default, 40 fine.",
)  # fmt: skip
@click.option(
    "--bits", type=float, metavar="N", help="Bits per weight: aimed at by auto; 1 to 8 for the others."
)
@click.option("--target-size", callback=size, metavar="SIZE", help="Reach this file size, such as 500k.")
@click.option("--ratio", type=float, metavar="X", help="Make the file this many times smaller.")
@click.option(
    "--max-divergence", type=float, metavar="D",
    help="Let outputs differ by a KL divergence of at most D nats, or a relative squared error where they "
    "are no scores of classes: 0.01 is close, 0.1 is not.",
)  # fmt: skip
@click.option(
    "--min-agreement", type=float, metavar="SHARE",
    help="Keep this share of top answers the same as the original's, such as 0.99. Needs no labels.",
)  # fmt: skip
@click.option(
    "--max-drop", type=float, metavar="POINTS",
    help="Lose at most this many percentage points of accuracy. Needs --evaluation with labels.",
)  # fmt: skip
@click.option(
    "--metric", type=click.Choice(["top1", "top5"]),
    help="Accuracy that --max-drop is about.  [default: top1]",
)  # fmt: skip
@click.option(
    "--calibration", callback=samples_path, metavar="SAMPLES",
    help="auto: encode for inputs like these, 32 to 256 of them, without labels: smaller at the same "
    "accuracy. An .npz file with an array for each of the model's inputs, samples along the first axis; a "
    "folder of .npy or .npz files; or with --preprocess a folder of images.",
)  # fmt: skip
@click.option(
    "--evaluation", callback=samples_path, metavar="SAMPLES",
    help="Run the result on these and tell how alike it answers: an .npz file with an array for each of the "
    "model's inputs, samples along the first axis, and perhaps `labels`, class numbers from 0; a folder "
    "of .npy or .npz files; or with --preprocess a folder of images, perhaps in sub-folders by class.",
)  # fmt: skip
@image_options
@click.option("--prune", type=float, metavar="X", help="Set this share of the weights to zero, such as 0.5.")
@click.option(
    "--prune-scope", type=click.Choice(["layer", "global"]),
    help="Prune every layer alike, or all weights together.  [default: layer]",
)  # fmt: skip
@click.option(
    "--centroids", type=click.Choice(["linear", "density", "random"]),
    help="Where the search for shared values starts.  [default: linear]",
)  # fmt: skip
@click.option(
    "--sparse/--no-sparse", default=None,
    help="Store only weights that are not zero, or all.  [default: what is smaller]",
)  # fmt: skip
@click.option("--biases", is_flag=True, help="Prune and quantize biases too.")
@click.option(
    "--report", callback=output_file, metavar="OUT.html",
    help="Write a page about the encoding: size, error and coding of every tensor.",
)  # fmt: skip
@click.option(
    "--exact", multiple=True, metavar="GLOB",
    help="Code tensors with such names exactly, as with 'head.*'; may be given several times.",
)  # fmt: skip
@follow_links_option
@jobs_option
@dask_option
@json_option
def encode(
    source: Path,
    target: Path,
    as_json: bool,
    preprocess: str | None,
    labels: Path | None,
    images: int | None,
    **chosen: Any,
) -> None:
    """Compress the ONNX model IN.onnx into OUT.nntc.

    External data is read from the folder of IN.onnx and goes into the same file. An existing OUT.nntc is
    replaced when the new one is complete and has been checked by decoding it.

    A limit on divergence, agreement or drop is what the decoded network has to keep to when it runs on the
    samples: the smallest file that does is looked for, in about five to ten encodings. One that cannot be
    reached ends with exit code 1 and no file.

    \b
    Examples:
      nntc encode model.onnx model.nntc                      best choice for each tensor
      nntc encode model.onnx model.nntc --method lossless    every bit kept
      nntc encode model.onnx model.nntc --ratio 10           ten times smaller
      nntc encode model.onnx model.nntc --target-size 1.5M   at most 1,500,000 bytes
      nntc encode model.onnx model.nntc --ratio 10 --calibration images.npz
      nntc encode model.onnx model.nntc --ratio 10 --calibration photos --preprocess imagenet
      nntc encode model.onnx model.nntc --min-agreement 0.99 --evaluation images.npz
      nntc encode model.onnx model.nntc --max-drop 1 --metric top5 --evaluation labelled.npz
      nntc encode model.onnx model.nntc -m deep --prune 0.5 --bits 4
                                                             half of the weights, 16 values a layer
    """  # noqa: D301 - \b tells click to keep the lines below it
    import nntc
    from nntc.encoder.options import PatternError, check_options

    refuse_same(source, target)
    named = chosen["calibration"], chosen["evaluation"]
    chosen |= sample_sources(*named, preprocess=preprocess, labels=labels, images=images)
    if chosen["report"] is not None:
        refuse_same(source, chosen["report"])
        if chosen["report"].resolve() == target.resolve():
            raise click.UsageError("the report needs a name of its own.")
    try:
        files = ("report", "follow_links")
        check_options(**{name: value for name, value in chosen.items() if name not in files})
    except ValueError as e:
        raise click.UsageError(f"{e}.") from e
    try:
        with progress() as bar:
            report = nntc.encode(source, target, progress=bar, **chosen)
    except PatternError as e:
        raise click.UsageError(f"{e}.") from e
    if as_json:
        totals = {"ratio": report.ratio, "error": report.error}
        show_json({"file": str(target), **asdict(report), **totals})
        return
    _show(report, target, is_calibrated=chosen["calibration"] is not None)


def _show(report: EncodeReport, target: Path, *, is_calibrated: bool) -> None:
    show_notes(report.remarks, ((tensor.name, tensor.note) for tensor in report.tensors))
    size = f"{target}: {report.size:,} bytes, {report.ratio:.2f} times smaller"
    weights = f"weights off by {error_text(report.error)}" if report.error else "every weight exact"
    if report.fidelity is None:
        say(f"{size}, {weights}")
    else:
        say(size)
        if report.goal is not None:
            say(f"{report.goal.text}; {len(report.goal.tries)} encodings tried")
        else:
            say(report.fidelity.text)
        if not is_calibrated or not report.error:
            say(weights)
        else:  # their error says nothing: they move where the outputs do not feel it
            say("weights are fitted to the calibration samples: judge them by the outputs alone")
    if report.unknown_use:
        say(f"{report.unknown_use:,} bytes of the model are coded exactly, as their use is not known")
    if report.stages:
        say()
        rows = [
            [_STAGES[stage.name], f"{stage.size:,}", f"{stage.factor:.2f}", f"{stage.total:.2f}"]
            for stage in report.stages
        ]
        show_table("", ["stage", "bytes", "factor", "in all"], rows)
