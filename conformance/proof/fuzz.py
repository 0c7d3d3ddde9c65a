"""Damage files and let both decoders decode each: same verdict, error id, offset and bytes.

python -m conformance.proof.fuzz --count 100000 --seed 1 [--jobs 2] [--keep DIR]

Half of the files are vectors, half are random valid files with every tool. One change in ten is to bytes as
they stand, the others are inside a section, the directory or the header, with lengths and CRC-32 put right.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random

from nntc.conformance.suite import find_suite, read_suite

from conformance.proof import mutations, samples
from conformance.proof.outcomes import Outcome, is_left_open, of_codec, of_reference

PER_FILE = 20
"""Changed versions of a file in a row."""
LARGEST_FILE, LARGEST_OUTPUT = 4 << 10, 16 << 10
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """An input on which the decoders differ."""

    number: int
    data: bytes
    codec: str
    reference: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Outcomes of some inputs: how often each, and where decoders differ."""

    outcomes: Counter[str]
    differences: list[Difference]


@cache
def parents() -> Sequence[bytes]:
    """Return the valid vectors that are not large."""
    return [
        vector.path.read_bytes()
        for vector in read_suite(find_suite()).vectors
        if vector.kind == "valid"
        and vector.size <= LARGEST_FILE
        and sum(output.size for output in vector.expected.output) <= LARGEST_OUTPUT
    ]


def inputs(seed: int, numbers: range) -> Iterator[tuple[int, bytes]]:
    """Yield inputs by number; each follows from seed and number alone."""
    base, turn = b"", -1
    for number in numbers:
        if number // PER_FILE != turn:
            turn = number // PER_FILE
            rng = Random(f"{seed} {turn}")
            if turn % 2:
                base = samples.random_file(rng, records=3, size=rng.choice((8, 30, 100))).data
            else:
                base = rng.choice(parents())
        rng = Random(f"{seed} {turn} {number}")
        yield number, (mutations.mutate_inside if rng.random() < 0.9 else mutations.mutate)(rng, base)


def compare(seed: int, numbers: range) -> Findings:
    """Decode inputs with both decoders."""
    findings = Findings(Counter(), [])
    for number, data in inputs(seed, numbers):
        one, other = of_codec(data), of_reference(data)
        findings.outcomes[other[0] if isinstance(other, tuple) else "decoded"] += 1
        if one != other and not is_left_open(data):
            findings.differences.append(Difference(number, data, _told(one), _told(other)))
    return findings


def _told(outcome: Outcome) -> str:
    return f"{outcome[0]} @ {outcome[1]}" if isinstance(outcome, tuple) else "decoded"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="folder for inputs on which the decoders differ")
    options = parser.parse_args()
    blocks = [range(n, min(n + _BLOCK, options.count)) for n in range(0, options.count, _BLOCK)]
    total: Counter[str] = Counter()
    differences: list[Difference] = []
    with ProcessPoolExecutor(options.jobs) as executor:
        for findings in executor.map(partial(compare, options.seed), blocks):
            total += findings.outcomes
            differences += findings.differences
    for outcome, count in total.most_common():
        sys.stdout.write(f"{outcome:<16}{count:>9,}\n")
    sys.stdout.write(f"{sum(total.values()):,} inputs, {len(differences)} differences\n")
    for difference in differences:
        text = f"{difference.number}: codec {difference.codec}, reference {difference.reference}\n"
        sys.stdout.write(text)
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{options.seed}-{difference.number}.nntc").write_bytes(difference.data)
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
