"""`nntc sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntc.cli.declared import declared_options
from nntc.cli.options import (
    follow_links_option,
    input_file,
    json_option,
    samples_path,
)
from nntc.cli.output import json_text, progress, say, show_json, show_notes, show_table
from nntc.cli.samples import image_options, sample_sources
from nntc.encoder.options import Group

if TYPE_CHECKING:
    from nntc.encoder.goals.fidelity import Fidelity, Share
    from nntc.encoder.sweep import Curves

_METHODS = ("auto", "calibrated", "dct", "quantization", "clustering")


def _methods(_context: click.Context, _parameter: click.Parameter, value: str | None) -> list[str] | None:
    """Return the methods in a list with commas; a callback of click."""
    if value is None:
        return None
    names = [name.strip() for name in value.split(",") if name.strip()]
    for name in names:
        if name not in _METHODS:
            raise click.BadParameter(f"'{name}' is not one of {', '.join(_METHODS)}.")
    if not names:
        raise click.BadParameter("name a method.")
    return names


def _folder(_context: click.Context, _parameter: click.Parameter, value: str) -> Path:
    """Return the path of a folder that exists or can be made; a callback of click."""
    path = Path(value)
    if path.exists() and not path.is_dir():
        raise click.BadParameter(f"'{value}' is not a folder.")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder '{path.parent}'.")
    return path


@click.command()
@click.argument("source", metavar="MODEL.onnx", callback=input_file)
@click.option(
    "--calibration", callback=samples_path, metavar="SAMPLES",
    help="Samples for method calibrated, as for `nntc encode`.",
)  # fmt: skip
@click.option(
    "--evaluation", callback=samples_path, metavar="SAMPLES",
    help="Samples to measure on, as for `nntc encode`, perhaps with `labels`. Without them, a fourth of the "
    "calibration samples is held out for it.",
)  # fmt: skip
@click.option(
    "--trust-samples", is_flag=True, help="Calibrate even with samples that contradict what the model stores."
)
@image_options
@click.option(
    "-o", "--out", "folder", callback=_folder, metavar="FOLDER", required=True,
    help="Where to put sweep.csv, sweep.json, sweep.svg and sweep.png; made if it is not there.",
)  # fmt: skip
@click.option(
    "-m", "--methods", callback=_methods, metavar="NAMES",
    help=f"Methods to compare, of {', '.join(_METHODS)}.  "
    "[default: auto,dct, and with --calibration calibrated]",
)  # fmt: skip
@click.option(
    "-n", "--points", type=click.IntRange(2, 50), default=7, show_default=True, metavar="N",
    help="Encodings of each method; at most 7 of those that have whole bits.",
)  # fmt: skip
@click.option("--no-picture", is_flag=True, help="Leave out the pictures, which need matplotlib.")
@follow_links_option
@declared_options(Group.RUN)
@json_option
def sweep(
    source: Path,
    calibration: Path | None,
    evaluation: Path | None,
    trust_samples: bool,
    preprocess: str | None,
    labels: Path | None,
    images: int | None,
    folder: Path,
    methods: list[str] | None,
    points: int,
    no_picture: bool,
    follow_links: bool,
    jobs: int,
    dask: str | None,
    as_json: bool,
) -> None:
    """Draw how near the outputs of MODEL.onnx stay against how small its file is.

    Encodes the model several times by each method, from fine to coarse, runs every result on the samples,
    and writes the curves as a table, as CSV, as JSON, and as a picture. Files of an earlier sweep are
    replaced once all is done; no .nntc file is written.

    \b
    Examples:
      nntc sweep net.onnx -o curves --evaluation labelled.npz
      nntc sweep net.onnx -o curves --evaluation labelled.npz --calibration in.npz
      nntc sweep net.onnx -o curves --evaluation photos --preprocess imagenet
      nntc sweep net.onnx -o curves --calibration in.npz -m auto,calibrated -n 5
    """  # noqa: D301 - \b tells click to keep the lines below it
    from nntc.encoder.sweep import sweep as run
    from nntc.encoder.sweep.picture import check_picture, make_picture
    from nntc.encoder.sweep.tables import to_csv, to_dictionary, writing

    if calibration is None and (evaluation is None or "calibrated" in (methods or [])):
        what = "Method calibrated" if evaluation is not None else "A sweep without --evaluation"
        raise click.UsageError(f"{what} needs --calibration.")
    sources = sample_sources(calibration, evaluation, preprocess=preprocess, labels=labels, images=images)
    if not no_picture:
        check_picture()
    pictures = () if no_picture else ("svg", "png")
    names = ["sweep.csv", "sweep.json", *(f"sweep.{kind}" for kind in pictures)]
    with writing(folder, names) as outputs:
        with progress() as bar:
            curves = run(
                source,
                **sources,
                trust_samples=trust_samples,
                methods=methods,
                points=points,
                follow_links=follow_links,
                jobs=jobs,
                dask=dask,
                progress=bar,
            )
        contents = [to_csv(curves).encode(), json_text(to_dictionary(curves)).encode()]
        contents += [make_picture(curves, source.name, kind) for kind in pictures]
        outputs.write([[content] for content in contents])
    if as_json:
        show_json({"folder": str(folder), "files": sorted(names), **to_dictionary(curves)})
    else:
        show_notes(curves.remarks)
        _show(curves)
        say()
        say(f"{folder}: {', '.join(sorted(names))}")


def _show(curves: Curves) -> None:
    first = curves.points[0].fidelity
    columns = [name for name in ("agreement", "top1", "top5") if getattr(first, name) is not None]
    heads = {"agreement": "same top answer", "top1": "top-1", "top5": "top-5"}
    rows = [
        [
            point.method,
            point.setting,
            f"{point.size:,}",
            f"{point.ratio:.2f}",
            f"{point.fidelity.divergence:.2e}",
            *(_percent(point.fidelity, name) for name in columns),
        ]
        for point in curves.points
    ]
    show_table(
        f"{curves.original_size:,} bytes; measured on {first.samples:,} {curves.measured_on} samples; "
        f"divergence is {first.measure}{_original(first)}",
        ["method", "setting", "bytes", "times smaller", "divergence"] + [heads[name] for name in columns],
        rows,
        left=2,
    )


def _percent(fidelity: Fidelity, name: str) -> str:
    share: Share | None = getattr(fidelity, name)
    return "" if share is None else f"{share.value:.2%}"


def _original(fidelity: Fidelity) -> str:
    if fidelity.original_top1 is None or fidelity.original_top5 is None:
        return ""
    before = fidelity.original_top1.value, fidelity.original_top5.value
    return "; the original's top-1 is {:.2%}, top-5 {:.2%}".format(*before)
