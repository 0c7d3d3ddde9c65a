"""`nntc conformance`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from nntc.cli.arguments import FOLLOW_LINKS, Parser, input_file, source_file
from nntc.cli.output import say, show_json
from nntc.printable import printable, write

if TYPE_CHECKING:
    from nntc.conformance.check import CheckResult

_HELP = """\
Usage: {prog} COMMAND [ARGS]...

  Check decoders and encoders of the format.

Commands:
  check  Check a file that any encoder has written.
  run    Run the conformance vectors against any decoder.

Options:
  -h, --help  Show this message and exit.
"""
_CHECK_HELP = """
    Check a file that any encoder has written.

    Decodes everything, keeps nothing, and says which requirements of SPEC.md
    the encoder has broken, and what it could do better. Exit code 0 means that
    none is broken.

    Example:
      nntc conformance check model.nntc --json
"""


def conformance(words: Sequence[str], prog: str) -> int:
    """Run one of the commands; return its exit code."""
    name, rest = (words[0], words[1:]) if words else ("", [])
    if name in ("-h", "--help"):
        write(sys.stdout, _HELP.format(prog=prog))
        return 0
    if name == "check":
        return _check(rest, f"{prog} check")
    if name == "run":
        from nntc.conformance.main import main

        return main(rest, f"{prog} run")
    if not words:
        write(sys.stderr, _HELP.format(prog=prog))
    else:
        usage = f"Usage: {prog} COMMAND [ARGS]...\nTry '{prog} --help' for help."
        write(sys.stderr, f"{usage}\n\nError: No such command '{printable(name)}'.\n")
    return 2


def _check(words: Sequence[str], prog: str) -> int:
    parser = Parser(prog, _CHECK_HELP)
    parser.operand("source", "FILE.nntc", source_file)
    text = "Compare the errors that are noted with those to the model it was made from."
    parser.option("--original", metavar="MODEL", check=input_file, text=text)
    parser.flag("--follow-links", "follow_links", FOLLOW_LINKS)
    parser.json()
    chosen = parser.parse(words)

    from nntc.conformance.check import check

    result = check(chosen.source, chosen.original, follow_links=chosen.follow_links)
    if chosen.as_json:
        show_json({"file": str(chosen.source), "conforms": result.conforms, **asdict(result)})
    else:
        _show(result, chosen.source)
    return 0 if result.conforms else 1


def _show(result: CheckResult, source: str | Path) -> None:
    verdict = "conforms" if result.conforms else "does not conform"
    say(f"{source}: {verdict}")
    if result.profile is not None and result.memory_bound is not None:
        say(
            f"format {result.version}, profile {result.profile}; decoding needs at most "
            f"{result.memory_bound / 2**20:,.0f} MiB of memory"
        )
    if result.output is not None:
        needs = ", ".join(result.needs) or "nothing"
        say(f"{result.size:,} bytes, {result.output:,} decoded; of Main alone it uses {needs}")
    for finding in result.findings:
        place = "" if finding.offset is None else f" @ {finding.offset}"
        name = (finding.id or finding.requirement or "") + place
        say(f"{finding.level}: {name.strip()}: {finding.text}")
