"""`nntc encode`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntc.cli.declared import declared_options, names_in, refuse_wrong
from nntc.cli.options import (
    Sectioned,
    follow_links_option,
    input_file,
    json_option,
    output_file,
    output_or_stream,
    refuse_same,
)
from nntc.cli.output import error_text, progress, say, show_json, show_notes, show_table
from nntc.cli.samples import IMAGE_OPTIONS, image_options, sample_sources
from nntc.encoder.options import Group

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
    str(Group.HOW): tuple(names_in(Group.HOW)),
    str(Group.AIM): tuple(names_in(Group.AIM)),
    str(Group.SAMPLES): (*names_in(Group.SAMPLES), *IMAGE_OPTIONS),
    str(Group.UPDATE): tuple(names_in(Group.UPDATE)),
    str(Group.DEEP): tuple(names_in(Group.DEEP)),
}


@click.command(cls=Sectioned, sections=_SECTIONS)
@click.argument("source", metavar="IN.onnx", callback=input_file)
@click.argument("target", metavar="OUT.nntc", callback=output_or_stream)
@declared_options(Group.HOW, Group.AIM, Group.SAMPLES)
@image_options
@declared_options(Group.UPDATE)
@declared_options(Group.DEEP)
@click.option(
    "--report", callback=output_file, metavar="OUT.html",
    help="Write a page about the encoding: size, error and coding of every tensor.",
)  # fmt: skip
@follow_links_option
@declared_options(Group.RUN)
@json_option
def encode(
    source: Path,
    target: Path | None,
    as_json: bool,
    preprocess: str | None,
    labels: Path | None,
    images: int | None,
    **chosen: Any,
) -> None:
    """Compress the ONNX model IN.onnx into OUT.nntc.

    External data is read from the folder of IN.onnx and goes into the same file. An existing OUT.nntc is
    replaced when the new one is complete and has been checked by decoding it. With - as OUT.nntc it is
    written to standard output, once all of it is known: the directory stands in front.

    A limit on divergence, agreement or drop is what the decoded network has to keep to when it runs on the
    samples: the smallest file that does is looked for, in about five to ten encodings. One that cannot be
    reached ends with exit code 1 and no file.

    \b
    Examples:
      nntc encode net.onnx net.nntc                      best for each tensor
      nntc encode net.onnx net.nntc --method lossless    every bit kept
      nntc encode net.onnx net.nntc --ratio 10           ten times smaller
      nntc encode net.onnx net.nntc --target-size 1.5M   at most 1,500,000 bytes
      nntc encode net.onnx net.nntc --calibration images.npz
      nntc encode net.onnx net.nntc --calibration photos --preprocess imagenet
      nntc encode net.onnx net.nntc --min-agreement 0.99 --evaluation images.npz
      nntc encode net.onnx net.nntc --max-drop 1 --evaluation labelled.npz
      nntc encode net.onnx net.nntc --integers int8 --calibration images.npz
                                     a model that runs with integer kernels
      nntc encode new.onnx update.nntc --base old.nntc --base-exact old.onnx
                                     what changed since the version before
      nntc encode net.onnx net.nntc -m deep --prune 0.5 --bits 4
                                     half of the weights, 16 values a layer
    """  # noqa: D301 - \b tells click to keep the lines below it
    import nntc
    from nntc.encoder.encode import encode_stream
    from nntc.encoder.options import PatternError

    if target is not None:
        refuse_same(source, target)
    elif as_json or chosen["report"] is not None:
        raise click.UsageError("a file on standard output goes with neither --json nor --report.")
    elif sys.stdout.isatty():
        raise click.UsageError("standard output is a terminal: name a file.")
    named = chosen["calibration"], chosen["evaluation"]
    chosen |= sample_sources(*named, preprocess=preprocess, labels=labels, images=images)
    if chosen["report"] is not None:
        refuse_same(source, chosen["report"])
        if target is not None and chosen["report"].resolve() == target.resolve():
            raise click.UsageError("the report needs a name of its own.")
    refuse_wrong(chosen, ("report", "follow_links"))
    try:
        with progress() as bar:
            if target is None:
                del chosen["report"]
                report = encode_stream(source, sys.stdout.buffer, progress=bar, **chosen)
            else:
                report = nntc.encode(source, target, progress=bar, **chosen)
    except PatternError as e:
        raise click.UsageError(f"{e}.") from e
    if as_json:
        totals = {"ratio": report.ratio, "error": report.error}
        show_json({"file": str(target), **asdict(report), **totals})
        return
    _show(report, str(target or "standard output"), is_error=target is None)


def _show(report: EncodeReport, target: str, *, is_error: bool) -> None:
    if is_error:  # standard output has the file
        say(f"{target}: {report.size:,} bytes, {report.ratio:.2f} times smaller", err=True)
        return
    show_notes(report.remarks, ((tensor.name, tensor.note) for tensor in report.tensors))
    size = f"{target}: {report.size:,} bytes, {report.ratio:.2f} times smaller"
    of = "integers" if report.integers is not None else "weights"
    weights = f"{of} off by {error_text(report.error)}" if report.error else f"every {of[:-1]} exact"
    if report.fidelity is None:
        say(f"{size}, {weights}")
    else:
        say(size)
        if report.goal is not None:
            say(report.goal.reached_text)
            say(f"{report.fidelity.on}; {len(report.goal.tries)} encodings tried")
            say(report.goal.promise)
        else:
            say(f"{report.fidelity.on}:")
            for line in report.fidelity.lines:
                say(f"  {line}")
        if not report.is_calibrated:
            say(weights)
        else:  # their error says nothing: they move where the outputs do not feel it
            say("weights are fitted to the calibration samples: judge by the outputs alone")
    for line in () if report.integers is None else report.integers.lines:
        say(line)
    for line in report.changes:
        say(f"  {line}")
    if report.unknown_use:
        say(f"{report.unknown_use:,} bytes of the model are coded exactly, as their use is not known")
    if report.stages:
        say()
        rows = [
            [_STAGES[stage.name], f"{stage.size:,}", f"{stage.factor:.2f}", f"{stage.total:.2f}"]
            for stage in report.stages
        ]
        show_table("", ["stage", "bytes", "factor", "in all"], rows)
