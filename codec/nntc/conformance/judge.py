"""Compare what a decoder did with what it must do."""

from __future__ import annotations

import hashlib
import os.path
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nntc.conformance.decoders import Answer
from nntc.conformance.suite import Expected, Fault, Output

Kind = Literal["vector", "crash", "stopped", "verdict", "error", "output", "leftover", "memory"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    kind
        vector: the suite's own file is missing or altered. crash: the decoder ended as it must not. stopped:
        it took too long, or too much memory. verdict: accepted for rejected and the like. error: another id
        or offset, or none where one is demanded. output: another file. leftover: a file that must not be
        there. memory: too much, though it ended.
    """

    kind: Kind
    text: str


def judge(
    expected: Expected, answer: Answer, target: Path, top: Path, *, require_errors: bool
) -> Iterator[Problem]:
    """Yield what is wrong.

    Parameters
    ----------
    target
        Where the model was to be written.
    top
        Folder, `target` somewhere below, in which nothing but output may be.
    require_errors
        Whether a rejection without id and offset is wrong.
    """
    if answer.outcome == "crash" or answer.outcome == "stopped":
        yield Problem(answer.outcome, answer.text)
    elif answer.outcome != expected.verdict:
        yield Problem("verdict", f"must be {_told(expected)}; was {answer.outcome}{_fault(answer.fault)}")
    elif answer.fault is not None and answer.fault != expected.fault:
        yield Problem("error", f"must report {expected.fault}; reported {answer.fault}")
    elif answer.fault is None and expected.fault is not None and require_errors:
        yield Problem("error", f"must report {expected.fault}; reported nothing")
    is_right = answer.outcome == expected.verdict == "accepted"
    outputs = {place(output, target): output for output in expected.output} if is_right else {}
    for path, output in outputs.items():
        yield from _compare(path, output)
    if answer.outcome == "stopped" or (answer.outcome == "accepted" and not is_right):
        return  # it had no chance to tidy up, or no reason
    folders = {*target.parents, *(folder for path in outputs for folder in path.parents)}
    for path in sorted(top.rglob("*")):
        if path not in outputs and path not in folders:
            yield Problem("leftover", f"left {os.path.relpath(path, target.parent)}")


def place(output: Output, target: Path) -> Path:
    """Return where an output file must be."""
    return target if output.name is None else target.parent / output.name


def _compare(path: Path, output: Output) -> Iterator[Problem]:
    name = "the model" if output.name is None else repr(output.name)
    if path.is_symlink() or not path.is_file():
        yield Problem("output", f"{name} has not been written")
        return
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() == output.sha256:
        return
    text = f"{name} is wrong"
    if output.data is not None:
        at = _first_difference(data, output.data)
        text += f" from byte {at} on: must be {_bytes(output.data[at:])}, is {_bytes(data[at:])}"
    elif len(data) != output.size:
        text += f": must have {output.size} bytes, has {len(data)}"
    yield Problem("output", text)


def _first_difference(one: bytes, other: bytes) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _bytes(data: Sequence[int]) -> str:
    return bytes(data[:8]).hex(" ") + (" ..." if len(data) > 8 else "") if data else "at its end"


def _told(expected: Expected) -> str:
    return expected.verdict + _fault(expected.fault)


def _fault(fault: Fault | None) -> str:
    return "" if fault is None else f" with {fault}"
