"""`nntc rollback`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nntc.cli.arguments import Parser
from nntc.cli.output import say, show_json

_HELP = """
    Have the device's folder use the version before.

    The version that was in use is refused from now on: `nntc pull` brings it
    back only with --again, or when there is a newer one.
"""


def _folder(value: str) -> Path:
    if not Path(value).is_dir():
        raise ValueError(f"there is no folder '{value}'")
    return Path(value)


def rollback(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("folder", "DIR", _folder)
    parser.json()
    chosen = parser.parse(words)

    from nntc.delivery.device import rollback as go_back

    installed = go_back(chosen.folder)
    if chosen.as_json:
        found = {"name": installed.name, "version": installed.version, "channel": installed.channel}
        show_json({"model": str(installed.model), **found})
    else:
        say(f"{installed.name} {installed.version} is in use: {installed.model}")
    return 0
