"""`nntc serve`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from nntc.cli.arguments import Parser
from nntc.cli.output import say
from nntc.printable import flush

_HELP = """
    Serve the files of FOLDER on this machine, with ranges, until it is
    interrupted. It is for trying out what any web server does.

    Examples:
      nntc serve repository --port 8000
      nntc serve codec/nntc-web/demo/dist      a page, by its index.html
"""


def _folder(value: str) -> Path:
    if not Path(value).is_dir():
        raise ValueError(f"there is no folder '{value}'")
    return Path(value)


def _port(value: str) -> int:
    if not value.isdecimal() or int(value) > 65_535:
        raise ValueError(f"'{value}' is no port")
    return int(value)


def serve(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("folder", "FOLDER", _folder)
    parser.option("--port", metavar="N", check=_port, default=8000, text="Port, 0 for any that is free.")
    chosen = parser.parse(words)

    from nntc.delivery.serving import serving

    with serving(chosen.folder, chosen.port) as server:
        say(f"serving {chosen.folder} at http://127.0.0.1:{server.server_port}/ until interrupted")
        flush(sys.stdout)
        server.serve_forever()
    return 0
