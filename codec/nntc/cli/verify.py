"""`nntc verify`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from nntc.cli.arguments import FOLLOW_LINKS, Parser, chosen_limits, input_file, source_file
from nntc.cli.output import error_text, progress, say, shape_text, show_json, show_table
from nntc.limits import NO_LIMITS

if TYPE_CHECKING:
    from nntc.reader.compare import VerifyResult


_HELP = """
    Check FILE.nntc; compare it with the original.

    Decodes everything, checks every digest and SHA-256, and keeps nothing.

    With ORIGINAL.onnx, also tell how far the decoded model is from it:
    identical, or the relative error ||decoded - original|| / ||original|| of
    each tensor and of all. Exit code 0 means that the file is valid, whatever
    the error; an ORIGINAL.onnx that is another model is rejected with exit
    code 1.

    Examples:
      nntc verify model.nntc
      nntc verify model.nntc model.onnx
      nntc verify model.nntc --key release.key.pub
"""


def verify(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("source", "FILE.nntc", source_file)
    parser.operand("original", "ORIGINAL.onnx", input_file, required=False)
    parser.flag("--follow-links", "follow_links", FOLLOW_LINKS)
    parser.bases()
    parser.jobs()
    parser.limits("memory", "output", "files", "seconds")
    parser.keys("--key")
    parser.json()
    chosen = parser.parse(words)

    import nntc

    source, original = chosen.source, chosen.original
    with progress() as callback:
        result = nntc.verify(
            source,
            original,
            jobs=chosen.jobs,
            limits=chosen_limits(chosen, NO_LIMITS),
            follow_links=chosen.follow_links,
            key=parser.trusted(chosen),
            progress=callback,
            base=chosen.base,
            via=chosen.via,
        )
    if chosen.as_json:
        show_json({"file": str(source), **asdict(result), "error": result.error})
    else:
        _show(result, source, original)
    return 0


def _show(result: VerifyResult, source: str | Path, original: Path | None) -> None:
    size = sum(file.size for file in result.files)
    say(f"{source}: valid; all checksums match, decodes to {size:,} bytes")
    if result.signed_by:
        say(f"{source}: signed by {', '.join(result.signed_by)}")
    if original is None:
        return
    if result.identical:
        say(f"{original}: identical, byte for byte")
        return
    rows = [
        [tensor.name, tensor.data_type, shape_text(tensor.shape), error_text(tensor.error)]
        for tensor in result.tensors
    ]
    total = sum(tensor.size for tensor in result.tensors)
    rows.append(["all", "", f"{total:,} weights", error_text(result.error)])
    show_table("", ["tensor", "type", "shape", "error"], rows, left=3)
    say()
    say(f"{original}: same graph, weights off by {error_text(result.error)}")
