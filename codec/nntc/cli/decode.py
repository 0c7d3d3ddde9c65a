"""`nntc decode`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from nntc.cli.arguments import (
    Parser,
    check_not_same,
    chosen_limits,
    output_file,
)
from nntc.cli.output import progress, say, show_json
from nntc.cli.streams import opened_source, source_or_stream
from nntc.limits import NO_LIMITS

_HELP = """
    Restore the ONNX model in IN.nntc as OUT.onnx.

    External data goes into the folder of OUT.onnx and folders that are made
    there, under the names that the model has for it. Nothing appears under its
    name before everything has been decoded and has passed its SHA-256.

    IN.nntc may be a URL, or - for standard input: sections are then checked
    and decoded as they come, and nothing of the file is kept.

    Examples:
      nntc decode model.nntc model.onnx
      nntc decode model.nntc model.onnx --untrusted
      nntc decode model.nntc model.onnx --require-key release.key.pub
      curl URL | nntc decode - model.onnx
      nntc decode update.nntc new.onnx --base old.onnx
      nntc decode model.nntc model.onnx --max-memory 1GiB --max-output 10GiB
"""


def decode(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("source", "IN.nntc", source_or_stream)
    parser.operand("target", "OUT.onnx", output_file)
    parser.bases()
    parser.jobs()
    parser.limits("memory", "output", "files", "seconds")
    text = (
        "Let external data replace files that are there already, go into folders that are, and be hidden "
        "(.name) among other files."
    )
    parser.flag("--replace-external", "replace_external", text=text)
    parser.keys("--require-key")
    parser.json()
    chosen = parser.parse(words)
    try:
        check_not_same(chosen.source, chosen.target)
    except ValueError as e:
        parser.fail(str(e))

    import nntc

    target = chosen.target
    with progress() as callback:
        result = nntc.decode(
            opened_source(chosen.source),
            target,
            jobs=chosen.jobs,
            limits=chosen_limits(chosen, NO_LIMITS),
            replace_external=chosen.replace_external,
            require_key=parser.trusted(chosen),
            progress=callback,
            base=chosen.base,
            via=chosen.via,
        )
    places = [target if file.name is None else target.parent / file.name for file in result.files]
    if chosen.as_json:
        files = [
            {"file": str(place), **asdict(file)} for place, file in zip(places, result.files, strict=True)
        ]
        show_json({"size": result.size, "files": files, "signed_by": list(result.signed_by)})
    else:
        for place, file in zip(places, result.files, strict=True):
            say(f"{place}: {file.size:,} bytes, SHA-256 {file.sha256[:16]}... checked")
        if result.signed_by:
            say(f"signed by {', '.join(result.signed_by)}")
    return 0
