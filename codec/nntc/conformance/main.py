"""Command line of `nntc conformance run`, and of `conformance/run.py` where nothing is installed."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from nntc.conformance import report
from nntc.conformance.decoders import CommandError, split_command
from nntc.conformance.runner import Runner, Settings
from nntc.conformance.suite import CLASSES, PROFILES, SuiteError, find_suite, read_suite
from nntc.printable import printable, write
from nntc.progress import ProgressEvent

PASSED, FAILED, USAGE = range(3)

_DESCRIPTION = """\
Let a decoder of .nntc files, in any language, decode the conformance vectors,
and say what is wrong where.

The decoder ends with exit code
  0  accepted: the model is in {output}, external data beside it, nothing else
  1  rejected, no output left; standard error may have `ID @ OFFSET`, such as
     `E_DIGEST @ 123`
  3  unsupported: needs a newer or fuller decoder; no output left, standard
     error as above
Anything else, also a signal, is a crash.
"""
_EPILOG = """\
Exit codes: 0 all passed, 1 failures, 2 wrong usage.

examples:
  %(prog)s --decoder "mydecoder {input} {output}"
  %(prog)s --decoder "mydecoder {input} {output}" --run "rans-*"
  %(prog)s --batch "mydecoder --batch" --junit report.xml
"""
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run and report; return the exit code.

    Parameters
    ----------
    arguments
        Command line without the program's name; that of the process by default.
    prog
        Name of the program in help and errors.
    """
    parser = _parser(prog)
    options = parser.parse_args(arguments)
    try:
        suite = read_suite(options.suite or find_suite())
        settings = _settings(options)
        vectors = suite.select(options.classes, options.patterns)
        if not vectors:
            parser.error("no vector fits --class and --run")
        results = Runner(suite, settings).run(vectors, _show_progress if sys.stderr.isatty() else None)
        command = options.batch if options.decoder is None else options.decoder
        _write(options.json, report.as_json(suite, command, options.profile, results))
        _write(options.junit, report.as_junit(results))
    except (SuiteError, CommandError) as e:
        parser.error(printable(str(e)))
    except OSError as e:
        parser.error(printable(f"{e.filename}: {e.strerror}"))
    if options.json != "-" and options.junit != "-":
        write(sys.stdout, report.human(results) + "\n")
    return FAILED if any(result.problems for result in results) else PASSED


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    decoder = parser.add_mutually_exclusive_group(required=True)
    decoder.add_argument("--decoder", metavar="CMD", help="command with {input} and {output} in it")
    decoder.add_argument(
        "--batch",
        metavar="CMD",
        help="command that reads {'input': PATH, 'output': PATH} as a line of JSON and answers "
        "{'status': 'accepted', 'rejected' or 'unsupported', 'error': ID or null, 'offset': N or null}",
    )
    for what in ("memory", "output"):
        text = f"--decoder with {{limit}} bytes of {what} allowed"
        parser.add_argument(f"--{what}-limited", metavar="CMD", help=text)
    text = "command that demands signatures: {threshold} of the keys in PEM files, a word with {key} for each"
    parser.add_argument("--keyed", metavar="CMD", help=text)
    parser.add_argument("--profile", choices=PROFILES, default="full", help="that it has (default: full)")
    only = "only these; may be given several times"
    kinds = f"{', '.join(CLASSES)}: {only}"
    parser.add_argument(
        "--class", dest="classes", metavar="CLASS", action="append", choices=CLASSES, default=[], help=kinds
    )
    parser.add_argument("--run", dest="patterns", action="append", metavar="GLOB", default=[], help=only)
    parser.add_argument("--require-errors", action="store_true", help="a rejection must have id and offset")
    jobs = os.cpu_count() or 1
    parser.add_argument("--jobs", type=_positive, metavar="N", default=jobs, help="decoders at a time")
    parser.add_argument(
        "--timeout", type=_seconds, metavar="S", default=60.0, help="seconds for a vector (default: 60)"
    )
    parser.add_argument(
        "--slow", type=_seconds, metavar="N", default=1.0, help="times the seconds, on a slow or busy machine"
    )
    parser.add_argument(
        "--memory",
        type=_size,
        metavar="SIZE",
        default=2**30,
        help="for a vector, beyond what the vector 'empty' takes (default: 1GiB)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the results as JSON ('-': standard output)")
    parser.add_argument("--junit", metavar="FILE", help="write the results as JUnit's XML (likewise)")
    parser.add_argument("--suite", type=Path, metavar="DIR", help="folder with manifest.json and vectors")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+)([kMG]?|[KMG]i)B?", text)
    if match is None:
        raise ValueError
    return int(match[1]) * _UNITS[match[2]]


def _settings(options: argparse.Namespace) -> Settings:
    limited: dict[str, Sequence[str]] = {}
    for kind in ("memory", "output"):
        command = getattr(options, f"{kind}_limited")
        if command is not None:
            limited[kind] = split_command(command, ["limit", "input", "output"])
    keyed = None
    if options.keyed is not None:
        keyed = split_command(options.keyed, ["key", "threshold", "input", "output"])
    return Settings(
        command=None if options.batch is not None else split_command(options.decoder, ["input", "output"]),
        batch=None if options.batch is None else split_command(options.batch, []),
        limited=limited,
        profile=options.profile,
        jobs=options.jobs,
        seconds=options.timeout,
        slow=options.slow,
        memory=options.memory,
        require_errors=options.require_errors,
        keyed=keyed,
    )


def _show_progress(event: ProgressEvent) -> None:
    sys.stderr.write(f"\r{event.done}/{event.total}" + "\r" * (event.done == event.total))
    sys.stderr.flush()


def _write(target: str | None, text: str) -> None:
    if target == "-":
        write(sys.stdout, text)
    elif target is not None:
        Path(target).write_text(text, "utf-8")
