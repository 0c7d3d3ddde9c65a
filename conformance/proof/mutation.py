"""Break the package's decoder in one place after the other, and see whether a vector notices.

python -m conformance.proof.mutation                 all mutants: score and survivors
python -m conformance.proof.mutation --every 40      one in forty
python -m conformance.proof.mutation --killable      none that `survivors.toml` says survives
python -m conformance.proof.mutation --write         and put the result into conformance/MUTATION.md

Each mutant runs in a process of its own, which ends at the first vector that it gets wrong: another verdict,
error id, offset or byte, an exception, too much time or memory. `survivors.toml` says why others cannot be
told from the decoder as it is; a survivor without a reason, and a reason without a survivor, is a failure.
"""

from __future__ import annotations

import os

os.environ["NNTC_KERNELS"] = "numpy"  # what is in C is compared with it by tests
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # processes are forked, which threads do not survive

import argparse
import importlib.abc
import importlib.util
import signal
import sys
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

import construct  # noqa: F401 - imported before any process is forked, as are numpy and zstandard
import numpy as np  # noqa: F401
from nntc.conformance.suite import Vector, find_suite, read_suite

import conformance.reference_decoder  # noqa: F401
from conformance.proof.coverage import read_excuses
from conformance.proof.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).with_name("survivors.toml")
REPORT = ROOT / "conformance" / "MUTATION.md"
_DECODER = (
    "assembly", "directory", "graph", "model", "payloads", "signatures",
    "entropy/compressed", "entropy/contexts", "entropy/general", "entropy/huffman", "entropy/integers",
    "entropy/packed", "entropy/streams", "entropy/symbols", "entropy/tables",
    "tensor/codebook", "tensor/planes", "tensor/record", "tensor/uniform",
)  # fmt: skip
_FORMAT = (
    "bits", "container", "dct", "fields", "frames", "graph", "huffman", "integers", "names", "rans", "record",
    "registry", "rounding", "signature", "steps", "symbols", "tables", "tools", "transform", "varints",
    "view",
)  # fmt: skip
_KERNELS = ("decoding_tables", "huffman_decoding", "look_up", "quantizers", "rans_decoding")
# Not `trellis`: its machines are those of the encoder, compared with `quantizers` by a test.
TARGETS = (
    *(f"codec/nntc/decoder/{name}.py" for name in _DECODER),
    *(f"codec/nntc/format/{name}.py" for name in _FORMAT),
    *(f"codec/nntc/kernels/numpy/{name}.py" for name in _KERNELS),
)
SECONDS = 3.0
"""Processor time for a vector; the decoder as it is takes a tenth of it at most."""
MEMORY = 3 << 30
LONG = {"splices-1048576"}
"""Not used: takes longer than all others together."""
_SURVIVED, _KILLED = 0, 1


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant; `killer` is the id of a vector, or how else it ended; None for a survivor."""

    path: str
    mutant: Mutant
    killer: str | None


def all_mutants() -> Iterator[tuple[str, Mutant]]:
    """Yield every mutant with its file; not in functions that no vector reaches."""
    excuses = read_excuses()
    for path in TARGETS:
        for mutant in mutants((ROOT / path).read_text("utf-8"), excuses.get(path, {})):
            yield path, mutant


def run(
    chosen: Sequence[tuple[str, Mutant]], jobs: int, progress: Callable[[Fate], None] | None = None
) -> list[Fate]:
    """Return the fates of mutants, in order, and tell `progress` each as it is known."""
    vectors = [vector for vector in read_suite(find_suite()).vectors if vector.id not in LONG]
    # Those that go through most of the decoder come first, until it shows which ones kill.
    vectors.sort(key=lambda vector: (vector.kind != "valid", vector.size))
    inputs = {vector.id: vector.path.read_bytes() for vector in vectors}
    kills: dict[str, Counter[str]] = {path: Counter() for path in TARGETS}
    fates: dict[int, Fate] = {}
    running: dict[int, tuple[int, int]] = {}  # process -> number of the mutant, pipe
    waiting = list(enumerate(chosen))[::-1]
    while waiting or running:
        while waiting and len(running) < jobs:
            number, (path, mutant) = waiting.pop()
            order = sorted(vectors, key=partial(_rank, kills[path]))
            running.update([_start(number, path, mutant, order, inputs)])
        process, status = os.wait()
        number, pipe = running.pop(process)
        path, mutant = chosen[number]
        with os.fdopen(pipe, "rb") as file:
            killer = file.read().decode() or None
        if killer is not None:
            kills[path][killer] += 1
        elif os.waitstatus_to_exitcode(status) != _SURVIVED:
            killer = "ended by the system"
        fates[number] = Fate(path, mutant, killer)
        if progress is not None:
            progress(fates[number])
    return [fates[number] for number in range(len(chosen))]


def _rank(kills: Counter[str], vector: Vector) -> int:
    return -kills[vector.id]


def _start(
    number: int, path: str, mutant: Mutant, vectors: Sequence[Vector], inputs: dict[str, bytes]
) -> tuple[int, tuple[int, int]]:
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return process, (number, reader)
    code = _KILLED
    try:
        import resource  # not on Windows, where nothing can fork either

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        killer = _find_killer(path, mutant, vectors, inputs)
        os.write(writer, (killer or "").encode())
        code = _SURVIVED if killer is None else _KILLED
    finally:
        os._exit(code)


def _find_killer(
    path: str, mutant: Mutant, vectors: Sequence[Vector], inputs: dict[str, bytes]
) -> str | None:
    """Return the first vector that a mutant gets wrong; None if there is none."""
    warnings.simplefilter("ignore")  # of numpy, about numbers that a broken decoder makes
    name = path.removeprefix("codec/").removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, _Finder(name, compile(mutant.tree(), path, "exec")))
    for imported in [module for module in sys.modules if module.partition(".")[0] == "nntc"]:
        del sys.modules[imported]  # to read the suite; the mutant may be among them, or known to one
    try:
        from conformance.proof.outcomes import codec_fails
    except Exception:
        return "import"
    for vector in vectors:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # ends the process
        try:
            if codec_fails(vector, inputs[vector.id]):
                return vector.id
        except Exception:  # whatever a broken decoder raises
            return vector.id
    return None


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module code of its own."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name = name
        self._code = code

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        """Return a spec for the one module."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the code."""
        exec(self._code, module.__dict__)  # noqa: S102 - that is what it is for


def read_survivors() -> dict[str, dict[str, str]]:
    """Return by file the labels of mutants that no vector can kill, or beginnings with a star, and why."""
    return tomllib.loads(SURVIVORS.read_text("utf-8"))


def reason(survivors: dict[str, dict[str, str]], path: str, mutant: Mutant) -> str | None:
    """Return why a mutant of a file cannot be killed, None if it should be."""
    for known, why in survivors.get(path, {}).items():
        if _fits(known, mutant.label):
            return why
    return None


def baseless_reasons() -> list[str]:
    """Return reasons for mutants that there are not."""
    labels: dict[str, list[str]] = {path: [] for path in TARGETS}
    for path, mutant in all_mutants():
        labels[path].append(mutant.label)
    return [
        f"{path}: {known}"
        for path, reasons in read_survivors().items()
        for known in reasons
        if not any(_fits(known, label) for label in labels.get(path, []))
    ]


def _fits(known: str, label: str) -> bool:
    return label == known or (known.endswith("*") and label.startswith(known[:-1]))


def report(fates: Sequence[Fate], every: int) -> str:
    """Return MUTATION.md for one mutant in `every`."""
    reasons = read_survivors()
    options = "" if every == 1 else f" --every {every}"
    lines = [
        "# Mutation score",
        "",
        f"Made by `python -m conformance.proof.mutation{options} --write`: the package's decoder,",
        "broken in one place after the other, against the vectors. A mutant is killed by the first vector",
        "for which it gives another verdict, error id, offset or byte. Those that survive do not change",
        "what is decoded, for the reasons given.",
        "",
        "| file | mutants | killed |",
        "|---|--:|--:|",
    ]
    for path in TARGETS:
        own = [fate for fate in fates if fate.path == path]
        lines.append(f"| {path} | {len(own)} | {sum(fate.killer is not None for fate in own)} |")
    killed = sum(fate.killer is not None for fate in fates)
    lines += [f"| all | {len(fates)} | {killed} |", "", f"Killed: {killed / len(fates):.1%}.", ""]
    for path in TARGETS:
        survivors = [fate for fate in fates if fate.path == path and fate.killer is None]
        if survivors:
            lines += [f"## {path}", ""]
            for fate in survivors:
                why = reason(reasons, path, fate.mutant)
                lines.append(f"- `{fate.mutant.label}`: {why or 'not known'}")
            lines.append("")
    return "\n".join(lines)


def _log(fate: Fate) -> None:
    sys.stdout.write(f"{fate.killer or 'SURVIVED'}\t{fate.path}\t{fate.mutant.label}\n")
    sys.stdout.flush()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="run one mutant in so many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--killable", action="store_true", help="leave out those of survivors.toml")
    parser.add_argument("--path", help="only mutants of files whose path has this in it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--log", action="store_true", help="tell the fate of each mutant as it is known")
    parser.add_argument("--write", action="store_true", help="write MUTATION.md")
    options = parser.parse_args()
    chosen = [own for own in all_mutants() if options.path is None or options.path in own[0]]
    chosen = chosen[options.first :: options.every]
    reasons = read_survivors()
    if options.killable:
        chosen = [own for own in chosen if reason(reasons, *own) is None]
    fates = run(chosen, options.jobs, _log if options.log else None)
    baseless = baseless_reasons()
    for text in baseless:
        sys.stdout.write(f"{text}: a reason, but there is no such mutant\n")
    unexplained = needless = 0
    for fate in fates:
        is_explained = reason(reasons, fate.path, fate.mutant) is not None
        if (fate.killer is None) != is_explained:
            what = "has a reason, but is killed" if is_explained else "survives"
            sys.stdout.write(f"{fate.path}: {fate.mutant.label}: {what}\n")
            unexplained += not is_explained
            needless += is_explained
    killed = sum(fate.killer is not None for fate in fates)
    survivors = len(fates) - killed
    sys.stdout.write(
        f"{len(fates)} mutants, {killed} killed ({killed / max(len(fates), 1):.1%}); "
        f"of {survivors} survivors {unexplained} without a reason\n"
    )
    if options.write:
        REPORT.write_text(report(fates, options.every), "utf-8")
    sys.exit(bool(unexplained or needless or baseless))


if __name__ == "__main__":
    main()
