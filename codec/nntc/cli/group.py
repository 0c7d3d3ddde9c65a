"""The commands by name: each is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from io import StringIO

from nntc.printable import printable, write

_USAGE = "Usage: nntc [OPTIONS] COMMAND [ARGS]..."
_HELP = f"""\
{_USAGE}

  Neural Network Transform Codec: small files for trained networks, decoded
  bit for bit.

Commands:
  nntc encode model.onnx model.nntc     compress
  nntc decode model.nntc model.onnx     restore
  nntc info   model.nntc                what is inside, what it costs
  nntc verify model.nntc model.onnx     is it valid, how far from the original
  nntc sweep  model.onnx ...            how small it gets, and what that costs
  nntc merge  v1.nntc v2.nntc -o FILE   one file of a file and updates of it
  nntc keygen release.key               make a key to sign with
  nntc sign   model.nntc --key FILE     sign a file (decode: --require-key)
  nntc publish repository model.onnx    encode and add to a signed repository
  nntc pull   URL --into device         bring a device to the newest version
  nntc rollback device                  and back to the one before
  nntc serve  repository                serve a folder here, to try it
  nntc demo                             see it work on a network it brings along
  nntc conformance check model.nntc     does a file keep the format's rules
  nntc conformance run --help           prove any decoder of the format

  Outputs appear complete or not at all.

Exit codes:
  0    done
  1    input or output rejected; standard error has `nntc: ID @ OFFSET: reason`
  2    wrong usage, or an input file that cannot be opened
  3    the file needs a newer or fuller decoder
  4    the device's check has refused the new version
  130  interrupted

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.
"""
_PLAIN = ("decode", "info", "verify", "merge", "keygen", "sign", "conformance", "pull", "rollback", "serve")
"""Commands without click: they need what decoding needs, `merge` the extra `encode`, `keygen` and `sign`
`sign`, `pull` `delivery`."""
_CLICK = ("encode", "sweep", "demo", "publish")
"""Commands that are made with click, and need the extra `encode`."""


def run(words: Sequence[str]) -> int:
    """Run a command line; return its exit code.

    Parameters
    ----------
    words
        Name of the command and what comes after it.
    """
    name, rest = (words[0], list(words[1:])) if words else ("", [])
    if name in ("-h", "--help"):
        write(sys.stdout, _HELP)
        return 0
    if name == "--version":
        _show_version()
        return 0
    if name in _PLAIN:
        return _run_plain(name, rest)
    if name in _CLICK:
        return _run_click(name, rest)
    write(sys.stderr, _HELP if not words else _no_such(name))
    return 2


def _run_plain(name: str, words: list[str]) -> int:
    from nntc.extras import missing_extra

    try:
        code: int = getattr(import_module(f"nntc.cli.{name}"), name)(words, f"nntc {name}")
    except ImportError as e:
        better = missing_extra(e, f"nntc {name}")
        if better is None:
            raise
        raise better from e
    return code


def _run_click(name: str, words: list[str]) -> int:
    from nntc.extras import missing_extra

    try:
        import click

        command: click.Command = getattr(import_module(f"nntc.cli.{name}"), name)
        try:
            context = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
            command.context_settings = {**context, **command.context_settings}
            return command.main(words, prog_name=f"nntc {name}", standalone_mode=False) or 0
        except click.ClickException as e:
            shown = StringIO()
            e.show(shown)
            write(sys.stderr, shown.getvalue())
            return e.exit_code
        except click.Abort as e:
            raise KeyboardInterrupt from e
    except ImportError as e:
        better = missing_extra(e, f"nntc {name}")
        if better is None:
            raise
        raise better from e


def _show_version() -> None:
    import nntc
    from nntc.format.container import MAJOR, MINOR
    from nntc.kernels.choice import description

    write(sys.stdout, f"nntc {nntc.__version__}, format {MAJOR}.{MINOR}, kernels {description()}\n")


def _no_such(name: str) -> str:
    what = "option" if name.startswith("-") else "command"
    return f"{_USAGE}\nTry 'nntc --help' for help.\n\nError: No such {what} '{printable(name)}'.\n"
