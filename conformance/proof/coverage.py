"""Measure which lines and branches of the decoders the vectors alone reach.

python -m conformance.proof.coverage            what neither a vector reaches nor `unreached.toml` excuses

Measured are all of the reference decoder, and what decoding a file imports of the package. Every vector is
decoded once as it is, once under each limit of its caller, once with each set of keys; to files where there
are several, or where something has been written before it is rejected.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import coverage

if TYPE_CHECKING:
    from nntc.conformance.suite import CallerLimit

os.environ["NNTC_KERNELS"] = "numpy"  # what is in C is compared with it by tests
ROOT = Path(__file__).resolve().parents[2]
EXCUSES = Path(__file__).with_name("unreached.toml")
FOLDERS = (
    "conformance/reference_decoder",
    "codec/nntc/decoder",
    "codec/nntc/format",
    "codec/nntc/kernels/numpy",
)
AFTER_WRITING = {"E_HASH", "E_SPLICE", "E_CRC"}
"""Errors that can be found when something has been written."""
LONG = {"splices-1048576", "ragged-rows-65536"}
"""Vectors that take seconds, more under a tracer, and reach nothing that smaller ones do not."""
MUCH_OUTPUT = 1 << 13
"""Bytes of output above which the reference decoder is not asked, for the same reason."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A line that is not reached, or a branch that is not taken.

    Parameters
    ----------
    path
        From the root of the repository.
    scopes
        Names of the functions and classes around it, and its source text without indentation: what an
        excuse can refer to.
    target
        Line that it does not go on with; negative for the end of a function, None for a line.
    """

    path: str
    line: int
    scopes: tuple[str, ...]
    target: int | None

    def __str__(self) -> str:
        branch = "" if self.target is None else f" (never to line {self.target})"
        return f"{self.path}:{self.line}: {self.scopes[-1]}{branch}"


def measure() -> dict[str, list[Missed]]:
    """Decode all vectors; return what is missed in each file. Must be called before decoders are imported."""
    include = [f"{ROOT / folder}/*" for folder in FOLDERS]
    tracer = coverage.Coverage(branch=True, data_file=None, config_file=False, include=include)
    tracer.start()
    decode_vectors()
    tracer.stop()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        tracer.json_report(outfile=str(report))
        files = json.loads(report.read_text("utf-8"))["files"]
    found = {}
    for name, file in files.items():
        path = Path(name).resolve().relative_to(ROOT).as_posix()
        found[path] = list(_missed(path, file["missing_lines"], file["missing_branches"]))
    return found


def _missed(path: str, lines: list[int], branches: list[list[int]]) -> Iterator[Missed]:
    text = (ROOT / path).read_text("utf-8")
    source = text.splitlines()
    places: list[tuple[int, int | None]] = [(line, None) for line in lines]
    places += [(start, end) for start, end in branches if start not in lines]
    for line, target in sorted(places, key=lambda place: place[0]):
        names = _scopes(ast.parse(text), line)
        yield Missed(path, line, (*names, source[line - 1].strip()), target)


def _scopes(tree: ast.AST, line: int) -> Iterator[str]:
    """Yield the dotted names of what stands around a line."""
    name = ""
    node = tree
    while True:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt) and child.lineno <= line <= (child.end_lineno or 0):
                node = child
                break
        else:
            return
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = f"{name}.{node.name}".lstrip(".")
            yield name


def decode_vectors() -> None:
    """Let both decoders decode every vector, and what is written to files where that is not the same."""
    from nntc.conformance.suite import find_suite, read_suite
    from nntc.decoder.model import decode, decode_bytes
    from nntc.errors import FormatError
    from nntc.limits import Limits as Allowed

    from conformance.proof.outcomes import of_codec, of_reference
    from conformance.reference_decoder import Limits, NntcError
    from conformance.reference_decoder import decode as decode_by_reference
    from conformance.reference_decoder.__main__ import decode_file

    for vector in read_suite(find_suite()).vectors:
        if vector.id in LONG:
            continue
        data = vector.path.read_bytes()
        base = [file.path.read_bytes() for file in vector.base]
        if base:
            of_codec(data)
            of_reference(data)
        for memory, output in [(None, None), *map(_limit, vector.caller_limits)]:
            # What they report is the runner's business.
            with suppress(FormatError):
                decode_bytes(data, limits=Allowed.of(memory=memory, output=output), base=base)
            with suppress(NntcError):
                if sum(own.size for own in vector.expected.output) <= MUCH_OUTPUT:
                    decode_by_reference(data, Limits(memory, output), base)
        for keys in vector.caller_keys:
            of_codec(data, keys=keys)
            of_reference(data, keys=keys)
        fault = vector.expected.fault
        if len(vector.expected.output) > 1 or (fault is not None and fault.id in AFTER_WRITING):
            with tempfile.TemporaryDirectory() as folder:
                first, again = Path(folder) / "first", Path(folder) / "again"
                first.mkdir()
                again.mkdir()
                with suppress(FormatError):
                    decode(vector.path, first / "decoded.onnx", base=base)
                with suppress(NntcError):
                    decode_file(
                        vector.path,
                        again / "decoded.onnx",
                        Limits(),
                        True,
                        [file.path for file in vector.base],
                    )


def _limit(limit: CallerLimit) -> tuple[int | None, int | None]:
    return (limit.bytes, None) if limit.kind == "memory" else (None, limit.bytes)


def read_excuses() -> dict[str, dict[str, str]]:
    """Return by file what is excused, and why."""
    return tomllib.loads(EXCUSES.read_text("utf-8"))


def unexcused(found: dict[str, list[Missed]]) -> list[Missed]:
    """Return what has no excuse."""
    excuses = read_excuses()
    return [
        missed
        for path, file in found.items()
        for missed in file
        if not any(scope in excuses.get(path, {}) for scope in missed.scopes)
    ]


def needless(found: dict[str, list[Missed]]) -> list[str]:
    """Return excuses for what is reached, or does not exist."""
    out = []
    for path, names in read_excuses().items():
        scopes = {scope for missed in found.get(path, []) for scope in missed.scopes}
        out += [f"{path}: {name}" for name in names if name not in scopes]
    return out


def main() -> None:
    """Measure and print."""
    found = measure()
    problems = [*map(str, unexcused(found)), *(f"needless excuse: {text}" for text in needless(found))]
    excused = sum(map(len, found.values())) - len(unexcused(found))
    counts = f"{len(found)} files; not reached: {len(unexcused(found))}, and {excused} with an excuse"
    sys.stdout.write("\n".join([*problems, counts]) + "\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
