"""`nntc info`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntc.cli.arguments import input_file, json_option
from nntc.cli.output import error_text, shape_text, show_json, show_table

if TYPE_CHECKING:
    from nntc.reader.info import FileInfo, SectionInfo


@click.command()
@click.argument("source", metavar="FILE.nntc", callback=input_file)
@json_option
def info(source: Path, as_json: bool) -> None:
    """Show what is in FILE.nntc and what it costs.

    Nothing is decoded. Bits are bits per weight; an error is ||decoded - original|| / ||original|| as the
    encoder noted it, ? where it noted nothing (`nntc verify FILE.nntc ORIGINAL.onnx` measures it). Tool
    "graph" means that a tensor is too small for a section of its own and stands in the graph.

    \b
    Examples:
      nntc info model.nntc
      nntc info model.nntc --json | jq '.tensors[] | [.name, .bits_per_weight]'
    """  # noqa: D301 - \b tells click to keep the lines below it
    import nntc
    from nntc.reader.info import describe

    with nntc.open(source) as container:
        about = describe(container)
    if as_json:
        show_json({"file": str(source), **asdict(about)})
    else:
        _show(about, source)


def _show(about: FileInfo, source: Path) -> None:
    totals = about.totals
    by = f", by {about.encoder}" if about.encoder else ""
    click.echo(f"{source}: format {about.version}, profile {about.profile}{by}")
    click.echo(
        f"{totals.file:,} bytes, {totals.ratio:.2f} times smaller than the model's {totals.original:,}; "
        f"decoding needs at most {about.memory_bound / 2**20:,.0f} MiB of memory"
    )
    click.echo()
    show_table("Sections", ["section", "count", "offset", "bytes"], _section_rows(about.sections))
    rows = [
        [
            tensor.name,
            tensor.role,
            tensor.type,
            shape_text(tensor.shape),
            tensor.tool,
            f"{tensor.bits_per_weight:.2f}" if tensor.bytes else "",
            error_text(tensor.error),
            f"{tensor.bytes:,.0f}" if tensor.bytes else "",
        ]
        for tensor in about.tensors
    ]
    rows.append(
        [
            "all in sections",
            "",
            "",
            f"{totals.weights:,} weights",
            "",
            f"{totals.bits_per_weight:.2f}",
            error_text(totals.error),
            f"{totals.tensors:,}",
        ]
    )
    click.echo()
    heads = ["tensor", "role", "type", "shape", "tool", "bits", "error", "bytes"]
    show_table("Tensors", heads, rows, left=5)
    click.echo()
    click.echo(
        f"The graph costs {totals.graph:,} bytes ({totals.graph_content:,} before compression), "
        f"header, directory and notes {totals.rest:,}."
    )


def _section_rows(sections: tuple[SectionInfo, ...]) -> list[list[str]]:
    """Return a row for each run of sections of one type."""
    rows: list[list[str]] = []
    for kind in dict.fromkeys(section.type for section in sections):
        these = [section for section in sections if section.type == kind]
        stored = sum(section.bytes for section in these)
        rows.append([kind, f"{len(these):,}", f"{these[0].offset:,}", f"{stored:,}"])
    return rows
