"""Command lines without click: a parser whose help and errors look like click's, and checks of arguments.

`nntc decode`, `info`, `verify`, `keygen`, `sign` and `conformance` are made of it: they run where only what
decoding needs is installed. The checks raise `ValueError`; `nntc.cli.options` has them as callbacks of click.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from nntc.errors import reason
from nntc.limits import Limits
from nntc.printable import printable, write
from nntc.sources.source import is_url

if TYPE_CHECKING:
    from nntc.signing.public import TrustedKeys

T = TypeVar("T")

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_FOLDER_ENDS = tuple(separator + end for separator in {"/", os.sep} for end in ("", "."))
"""What `Path` leaves out, and only the names of folders end with."""
FOLLOW_LINKS = "Read a model's external data through links out of its folder, as download caches have."
_WIDEST = 100  # columns of a help text


def input_file(value: str) -> Path:
    """Return the path of a regular file that can be opened.

    Input is read at several places at once, so it cannot be a stream.
    """
    if value == "-":
        raise ValueError("standard input is not supported; name a file ('./-' for one of that name)")
    if is_url(value):
        raise ValueError(f"'{value}' is a URL; download the file first")
    path = Path(value)
    try:
        if path.is_dir() or value.endswith(_FOLDER_ENDS):
            raise ValueError(f"'{value}' is a folder")
        if path.exists() and not path.is_file():
            raise ValueError(f"'{value}' is not a regular file; save the stream to a file first")
        with path.open("rb"):
            pass
    except OSError as e:
        raise ValueError(f"cannot open '{value}': {reason(e)}") from e
    return path


def source_file(value: str) -> str | Path:
    """Return the URL of a file, or the path of one that can be opened."""
    return value if is_url(value) else input_file(value)


def sources(values: Sequence[str]) -> list[str | Path]:
    """Return the URLs of files, or paths that can be opened."""
    return [source_file(value) for value in values]


def samples_path(value: str) -> Path:
    """Return the path of a file or folder of samples that can be opened."""
    try:
        is_folder = Path(value).is_dir()
    except OSError as e:
        raise ValueError(f"cannot open '{value}': {reason(e)}") from e
    return Path(value) if is_folder else input_file(value)


def output_file(value: str) -> Path:
    """Return the path of a file that may be written.

    Output appears only when it is complete, so it cannot be a stream.
    """
    if value == "-":
        raise ValueError("standard output is not supported; name a file ('./-' for one of that name)")
    path = Path(value)
    try:
        if path.is_dir() or value.endswith(_FOLDER_ENDS):
            raise ValueError(f"'{value}' is a folder")
        if path.exists() and not path.is_file():
            raise ValueError(f"'{value}' is not a regular file")
        if not path.parent.is_dir():
            raise ValueError(f"there is no folder '{path.parent}'")
    except OSError as e:
        raise ValueError(f"'{value}' cannot be written: {reason(e)}") from e
    return path


def size(value: str) -> int:
    """Return a number of bytes written as 1500000, 1500k, 1.5M or 2MiB."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMG]?|[KMG]i)B?", value)
    if match is None:
        raise ValueError(f"'{value}' is no size; write for example 1500000, 1500k, 1.5M or 2MiB")
    return round(float(match[1]) * _UNITS[match[2]])


_BASE = "What an update needs: the model before it, or the .nntc file it was decoded from; all its files."
_VIA = "An update between --base and IN.nntc; several in their order."
_UNTRUSTED = (
    "Limit what a file of a stranger may take: memory to 2 GiB, output to 64 GiB and 4,096 files, tensors to "
    "262,144, time to 10 minutes. A --max option beside it counts instead."
)
_LIMITS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "memory": ("SIZE", lambda value: size(value), "Refuse a file that may need more memory, such as 512MiB."),
    "output": ("SIZE", lambda value: size(value), "Refuse a file that decodes to more than this."),
    "files": ("N", lambda value: count(value), "Refuse a file that decodes to more files than this."),
    "tensors": ("N", lambda value: count(value), "Refuse a model of more tensors than this."),
    "fields": ("N", lambda value: count(value), "Refuse a graph of more fields than this."),
    "seconds": ("N", lambda value: count(value), "Give up after this time."),
}


def chosen_limits(chosen: Any, default: Limits) -> Limits:
    """Return the limits that options of `Parser.limits` ask for; `default` where they ask for nothing."""
    given = {name: getattr(chosen, f"max_{name}", None) for name in _LIMITS}
    base = Limits() if chosen.untrusted else default
    return replace(base, **{name: value for name, value in given.items() if value is not None})


def count(value: str) -> int:
    """Return a whole number of at least 1."""
    if not re.fullmatch(r"\d+", value) or int(value) < 1:
        raise ValueError(f"'{value}' is no number of at least 1")
    return int(value)


def check_not_same(source: str | Path, target: Path) -> None:
    """Raise ValueError where output would replace input."""
    try:
        is_same = isinstance(source, Path) and target.exists() and source.samefile(target)
    except OSError as e:
        raise ValueError(f"cannot tell '{source}' from '{target}': {reason(e)}") from e
    if is_same:
        raise ValueError(f"'{target}' is the input; name another output")


class Parser:
    """The command line of one command.

    Parameters
    ----------
    prog
        Words that call it, such as `nntc decode`.
    description
        What it does, as its help shows it.
    """

    def __init__(self, prog: str, description: str) -> None:
        self._parser = _Argparse(prog=prog, add_help=False, allow_abbrev=False)
        self._parser.shown = self
        self._description = textwrap.dedent(description).strip()
        self._operands: list[str] = []
        self._records: list[tuple[str, str]] = []
        self._checks: dict[str, tuple[str, Callable[[str], Any]]] = {}
        self._defaults: dict[str, Any] = {}

    def operand(self, name: str, metavar: str, check: Callable[[Any], T], *, required: bool = True) -> None:
        """Add an argument that has a place instead of a name; with `...` in `metavar`, one or more."""
        nargs = "+" if metavar.endswith("...") else None if required else "?"
        self._parser.add_argument(name, metavar=metavar, nargs=nargs)
        self._checks[name] = metavar, check
        self._operands.append(metavar if required else f"[{metavar}]")

    def option(
        self, *names: str, text: str, metavar: str, check: Callable[[str], T], default: T | None = None
    ) -> None:
        """Add an option that takes a value."""
        action = self._parser.add_argument(*names, metavar=metavar)
        self._checks[action.dest] = "/".join(names), check
        self._defaults[action.dest] = default
        shown = "" if default is None else f"  [default: {default}]"
        self._records.append((f"{', '.join(names)} {metavar}", text + shown))

    def keys(self, name: str) -> None:
        """Add an option for public keys, which can be given several times, and --threshold."""
        text = "Demand that this key (PEM) has signed the file before anything in it is used; of several one."
        action = self._parser.add_argument(name, metavar="PUB", action="append", dest="keys")
        self._checks[action.dest] = name, lambda values: list(map(input_file, values))
        self._records.append((f"{name} PUB", text))
        text = "How many of the keys must have signed.  [default: 1]"
        self.option("--threshold", metavar="N", check=count, text=text)

    def bases(self, *, via: bool = True) -> None:
        """Add --base, and --via unless there is none, both lists of sources."""
        for name, text in (("--base", _BASE), ("--via", _VIA))[: 1 + via]:
            self._parser.add_argument(name, metavar="FILE", action="append", default=[])
            self._checks[name[2:]] = name, sources
            self._records.append((f"{name} FILE", text))

    def flag(self, name: str, dest: str, text: str) -> None:
        """Add an option that takes no value."""
        self._parser.add_argument(name, dest=dest, action="store_true")
        self._records.append((name, text))

    def jobs(self) -> None:
        """Add --jobs."""
        text = "Threads to use. Never changes the result."
        self.option("-j", "--jobs", metavar="N", check=count, default=1, text=text)

    def limits(self, *names: str) -> None:
        """Add --untrusted, and --max-NAME for limits of these names: see `chosen_limits`."""
        self.flag("--untrusted", "untrusted", text=_UNTRUSTED)
        for name in names:
            metavar, check, text = _LIMITS[name]
            self.option(f"--max-{name}", metavar=metavar, check=check, text=text)

    def json(self) -> None:
        """Add --json."""
        self.flag("--json", "as_json", text="Write the result as JSON, for programs.")

    def trusted(self, chosen: Any) -> TrustedKeys | None:
        """Return what the options of `keys` ask for; None for nothing."""
        if chosen.keys is None:
            if chosen.threshold is not None:
                self.fail("--threshold is a number of keys; name them")
            return None
        from nntc.signing.public import TrustedKeys

        try:
            return TrustedKeys(*chosen.keys, threshold=chosen.threshold or 1)
        except ValueError as e:
            self.fail(f"Invalid value for '--threshold': {e}")

    def parse(self, words: Sequence[str]) -> Any:
        """Return a namespace of the values; SystemExit after help, status 0, or wrong usage, status 2."""
        if not {"-h", "--help"}.isdisjoint(words):
            write(sys.stdout, self.help())
            raise SystemExit(0)
        try:
            chosen = self._parser.parse_intermixed_args(words)
        except AttributeError as e:  # what argparse makes of an interrupt
            if isinstance(e.__context__, KeyboardInterrupt | SystemExit):
                raise e.__context__ from None
            raise
        for dest, (shown, check) in self._checks.items():
            value = getattr(chosen, dest)
            try:
                setattr(chosen, dest, self._defaults.get(dest) if value is None else check(value))
            except ValueError as e:
                self.fail(f"Invalid value for '{shown}': {e}")
        return chosen

    @property
    def usage(self) -> str:
        """The line that shows how it is called."""
        return " ".join(["Usage:", self._parser.prog, "[OPTIONS]", *self._operands])

    def help(self) -> str:
        """Return the help text."""
        records = [*self._records, ("-h, --help", "Show this message and exit.")]
        description = textwrap.indent(self._description, "  ")
        return f"{self.usage}\n\n{description}\n\n{two_columns('Options', records)}"

    def fail(self, message: str) -> NoReturn:
        """Write what is wrong with the usage, and raise SystemExit."""
        usage = f"{self.usage}\nTry '{self._parser.prog} --help' for help."
        write(sys.stderr, f"{usage}\n\nError: {printable(message)}.\n")
        raise SystemExit(2)


class _Argparse(argparse.ArgumentParser):
    """The parser, with errors for people."""

    shown: Parser

    def error(self, message: str) -> NoReturn:
        for pattern, better in _BETTER.items():
            message = re.sub(pattern, better, message)
        self.shown.fail(message)


_BETTER = {
    r"^argument (\S+): (?!expected)": r"Invalid value for '\1': ",
    r"^the following arguments are required: ([^ ,]+).*$": r"Missing argument '\1'",
    r"^unrecognized arguments: -": "No such option: -",
    r"^unrecognized arguments: ": "Got unexpected extra argument: ",
}
"""What argparse says -> what is better."""


def two_columns(title: str, records: Sequence[tuple[str, str]]) -> str:
    """Return a list of terms and what they mean, as help texts have it."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    indent = max(len(term) for term, _ in records) + 4
    lines = [f"{title}:"]
    for term, text in records:
        meaning = textwrap.wrap(text, max(width - indent, 20))
        lines.append(f"  {term}".ljust(indent) + meaning[0])
        lines.extend(" " * indent + line for line in meaning[1:])
    return "\n".join(lines) + "\n"
