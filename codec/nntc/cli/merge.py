"""`nntc merge`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from nntc.cli.arguments import Parser, check_not_same, chosen_limits, output_file, sources
from nntc.cli.output import progress, say, show_json, show_notes
from nntc.limits import NO_LIMITS

if TYPE_CHECKING:
    from pathlib import Path

    from nntc import MergeReport

_HELP = """
    Make one file of a file and updates of it, in their order, that decodes to
    the same as the last of them.

    A full file and updates give a full file; updates alone give one update of
    what the first one needs. Records are put on top of each other; where that
    cannot be, or is larger, what is decoded is coded again, exactly.

    Examples:
      nntc merge v1.nntc v1-v2.nntc v2-v3.nntc -o v3.nntc
      nntc merge v1-v2.nntc v2-v3.nntc -o v1-v3.nntc
      nntc merge v1-v2.nntc v2-v3.nntc -o v1-v3.nntc --base v1.nntc
"""


def merge(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("sources", "IN.nntc...", sources)
    text = "The merged file (required)."
    parser.option("-o", "--output", metavar="OUT.nntc", check=output_file, text=text)
    parser.bases(via=False)
    parser.jobs()
    parser.limits("memory", "output", "files", "seconds")
    parser.json()
    chosen = parser.parse(words)
    if chosen.output is None:
        parser.fail("Missing option '--output'")
    if len(chosen.sources) < 2:
        parser.fail("Name two files or more")
    try:
        for source in (*chosen.sources, *chosen.base):
            check_not_same(source, chosen.output)
    except ValueError as e:
        parser.fail(str(e))

    import nntc

    with progress() as callback:
        report = nntc.merge(
            chosen.sources,
            chosen.output,
            base=chosen.base,
            jobs=chosen.jobs,
            limits=chosen_limits(chosen, NO_LIMITS),
            progress=callback,
        )
    if chosen.as_json:
        show_json({"file": str(chosen.output), **asdict(report)})
    else:
        _show(report, chosen.output)
    return 0


def _show(report: MergeReport, target: Path) -> None:
    show_notes(report.remarks)
    what = "an update" if report.is_update else "a full file"
    before = f"{len(report.sources)} files of {sum(report.sources):,} bytes"
    say(f"{target}: {report.size:,} bytes, {what}, made of {before}")
    say(f"{report.working_memory:,} bytes of working memory for a decoder that goes section by section")
    if report.is_composed:
        parts = f"; {report.decoded:,} pieces coded anew, exactly" if report.decoded else ""
        say(f"{report.sections:,} tensor sections, {report.stacked:,} of several records{parts}")
