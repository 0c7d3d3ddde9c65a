"""`nntc info`."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntc.cli.arguments import FOLLOW_LINKS, Parser, chosen_limits, source_file
from nntc.cli.output import error_text, say, shape_text, show_json, show_table

if TYPE_CHECKING:
    from nntc.reader.info import FileInfo, SectionInfo


_HELP = """
    Show what is in FILE.nntc and what it costs; of an ONNX model, what it
    holds and what `nntc encode` would do with each tensor.

    Nothing is decoded. Bits are bits per weight; an error is ||decoded -
    original|| / ||original|| as the encoder noted it, ? where it noted nothing
    (`nntc verify FILE.nntc ORIGINAL.onnx` measures it). Tool "graph" means that
    a tensor is too small for a section of its own and stands in the graph.

    Examples:
      nntc info model.nntc
      nntc info model.onnx
      nntc info model.nntc --json | jq '.tensors[] | [.name, .bits_per_weight]'
"""


def info(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("source", "FILE", source_file)
    parser.flag("--follow-links", "follow_links", FOLLOW_LINKS)
    parser.bases()
    parser.limits("memory", "tensors", "fields", "seconds")
    parser.json()
    chosen = parser.parse(words)

    from nntc.cli.model_info import is_model, show_model

    with _without_collector():
        if is_model(chosen.source):
            show_model(chosen.source, follow_links=chosen.follow_links, as_json=chosen.as_json)
        else:
            _show_file(chosen)
    return 0


@contextmanager
def _without_collector() -> Iterator[None]:
    """Have no garbage looked for: what is made of very many tensors is all in use to the end."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _show_file(chosen: Any) -> None:
    import nntc
    from nntc.reader.container import LISTED
    from nntc.reader.info import describe

    limits = chosen_limits(chosen, LISTED)
    with nntc.open(chosen.source, limits=limits, base=chosen.base, via=chosen.via) as container:
        about = describe(container)
    if not chosen.as_json:
        _show(about, chosen.source)
        return
    fields = asdict(replace(about, tensors=(), changes=()))
    tensors, changes = ([one._asdict() for one in rows] for rows in (about.tensors, about.changes))
    show_json({"file": str(chosen.source), **fields, "tensors": tensors, "changes": changes})


def _show(about: FileInfo, source: str | Path) -> None:
    from nntc.reader.changes import changes_text

    totals = about.totals
    by = f", by {about.encoder}" if about.encoder else ""
    say(f"{source}: format {about.version}, profile {about.profile}{by}")
    say(f"{totals.file:,} bytes, {totals.ratio:.2f} times smaller than the model's {totals.original:,}")
    say(f"decoding needs at most {about.memory_bound / 2**20:,.0f} MiB of memory")
    say(f"on a device, section by section: {-(-about.working_memory // 1024):,} KiB of working memory")
    if about.outputs is not None:
        noted = about.outputs
        say(
            f"outputs, measured by the encoder: {noted.measure} {noted.divergence:.3g}, on "
            f"{noted.samples:,} {noted.measured_on} samples"
        )
    if about.key_ids:
        say(f"names as its signers {', '.join(about.key_ids)}, which `nntc verify --key` checks")
    say()
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
            "all",
            "",
            "",
            "",
            "",
            f"{totals.bits_per_weight:.2f}",
            error_text(totals.error),
            f"{totals.tensors:,}",
        ]
    )
    say()
    heads = ["tensor", "role", "type", "shape", "tool", "bits", "error", "bytes"]
    show_table("Tensors", heads, rows, left=5)
    say()
    for line in changes_text(about.changes):
        say(line)
    say(f"{totals.weights:,} weights are in sections.")
    say(f"Header, directory and notes cost {totals.rest:,} bytes.")
    say(f"The graph costs {totals.graph:,} bytes ({totals.graph_content:,} before compression).")
    if find_spec("onnx") is None:
        say("Roles are not known without the onnx library: pip install 'nntc[encode]'")
    if totals.unknown_use:
        say(f"{totals.unknown_use:,} bytes of the model are coded exactly, as their use is not known.")
    if totals.float_varints:
        say(f'{totals.float_varints:,} bytes of floats are varints in the graph (README, "Quality").')


def _section_rows(sections: tuple[SectionInfo, ...]) -> list[list[str]]:
    """Return a row for each run of sections of one type."""
    rows: list[list[str]] = []
    for kind in dict.fromkeys(section.type for section in sections):
        these = [section for section in sections if section.type == kind]
        stored = sum(section.bytes for section in these)
        rows.append([kind, f"{len(these):,}", f"{these[0].offset:,}", f"{stored:,}"])
    return rows
