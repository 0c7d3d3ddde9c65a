"""Made-up chains: a valid file of any kind, and updates that change and copy whatever they come upon."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from nntc.encoder.merge.recipe import Part, Range, Recipe, Stretch, read_recipe
from nntc.encoder.store import Store
from nntc.errors import FormatError
from nntc.format.registry import ElementType
from nntc.sources.source import BytesSource

from conformance.generator import files as made_up
from conformance.generator.build import build
from conformance.generator.differences import OF_PLANES, OF_UNIFORM, difference, section
from conformance.generator.files import OPEN, File, Item, Output, next_part, repeat
from conformance.generator.records import FLOAT16, OPAQUE1, WIDTHS, Record, planes, uniform
from conformance.generator.views import matrix, ragged
from conformance.proof import samples

INTEGERS = (ElementType.INT8, ElementType.UINT8)


@dataclass(frozen=True)
class Link:
    """A file of a chain, and what it decodes to."""

    data: bytes
    files: dict[str | None, bytes]


def first(rng: Random) -> Link:
    """Return a full file."""
    sample = samples.random_file(rng)
    return Link(sample.data, sample.files)


def update(rng: Random, before: Link) -> Link:
    """Return an update of a file."""
    outputs = [data for data in before.files.values() if data]
    bases = list(dict.fromkeys(rng.sample(outputs, len(outputs))))
    if not bases:
        return before
    recipe = read_recipe(BytesSource(before.data), Store())
    found = _Found(recipe, bases, list(before.files.values()))
    records = [record for _ in range(rng.randrange(4)) if (record := _record(rng, found)) is not None]
    file = File(records, _outputs(rng, records, found), bases=bases)
    contents = file.contents()
    names = [output.name for output in file.output_files]
    data = build(file, digests=[hashlib.sha256(own).digest() for own in contents]).data
    return Link(data, dict(zip([None, *map(str, names[1:])], contents, strict=True)))


class _Found:
    """What a base is made of, and where in it that is."""

    def __init__(self, recipe: Recipe, bases: Sequence[bytes], outputs: Sequence[bytes]) -> None:
        self.bases = bases
        self.whole = b"".join(bases)
        self.parts: list[tuple[int, Stretch]] = []
        starts = dict(zip(bases, accumulate(map(len, bases), initial=0), strict=False))
        ends = list(accumulate(map(len, outputs)))
        for stretch, end in zip(recipe.stretches, recipe.ends, strict=True):
            if isinstance(stretch, Part | Range):
                file = next(number for number, own in enumerate(ends) if end <= own)
                begin = end - stretch.length - (ends[file] - len(outputs[file]))
                self.parts.append((starts[outputs[file]] + begin, stretch))

    def stretch(self, rng: Random, most: int) -> tuple[int, int]:
        """Return place and length of some bytes of one base file."""
        number = rng.randrange(len(self.bases))
        length = rng.randint(1, min(most, len(self.bases[number])))
        start = sum(map(len, self.bases[:number]))
        return start + rng.randint(0, len(self.bases[number]) - length), length


def _record(rng: Random, found: _Found) -> Record | None:
    """Return a record that changes parts of the base that are together in a payload, or any elements."""
    wanted = [own for own in found.parts if rng.random() < 0.5]
    if wanted and rng.random() < 0.8:
        kind = rng.choice(wanted)[1]
        element = int(kind.coded.element) if isinstance(kind, Part) else FLOAT16
        width = WIDTHS[element]
        parts = [
            (start, own.length // width)
            for start, own in wanted
            if own.length % width == 0 and (not isinstance(own, Part) or own.coded.element == element)
        ]
        element = OPAQUE1 if element in INTEGERS else element
    else:
        element = rng.choice((0, 1, FLOAT16))
        width = WIDTHS[element]
        start, length = found.stretch(rng, 40)
        parts = [(start, length // width)]
    if not parts or width > 8 or 0 in (count for _, count in parts):
        return None
    rng.shuffle(parts)
    size, offsets, end = sum(count for _, count in parts), [], 0
    for start, count in parts:
        offsets.append(start - end)
        end = start + count * width
    is_one = len(parts) == 1 and rng.random() < 0.5
    view = matrix(1, size) if is_one else ragged([count for _, count in parts])
    bits = b"".join(rng.randrange(4).to_bytes(width, "little") for _ in range(size))
    made = difference(planes(element, view, bits), OF_PLANES, offsets)
    if element >= FLOAT16 and rng.random() < 0.7:
        levels = [rng.randint(-3, 3) for _ in range(size)]
        steps = difference(uniform(element, view, levels, step=2.0**-9), OF_UNIFORM, offsets)
        made = steps if _is_valid(steps, found) else made
    later = difference(planes(element, matrix(1, size), bytes(size * width)), OF_PLANES)
    return section(made, later) if rng.random() < 0.3 else made


def _is_valid(record: Record, found: _Found) -> bool:
    try:
        File([record], bases=found.bases).payloads()
    except FormatError:  # E_RANGE: the base has values that are not finite
        return False
    return True


def _outputs(rng: Random, records: Sequence[Record], found: _Found) -> list[Output]:
    """Return output files of all parts, ranges, repetitions and bytes."""
    names = rng.sample(["a.bin", "b/c.bin", "d"], rng.randrange(3))
    items: list[list[Item]] = [["|".join(names).encode() + b"|"]]
    waiting: list[Item] = []
    for record in records:
        waiting += [OPEN, *(next_part() for _ in record.part_bytes[1:])]
    pieces = 0
    while waiting or rng.random() < 0.7:
        choice = rng.random()
        if waiting and choice < 0.4:
            items[-1].append(waiting.pop(0))
        elif found.parts and choice < 0.6:
            start, own = rng.choice(found.parts)
            items[-1].append(made_up.Range(start, own.length))
        elif choice < 0.8:
            items[-1].append(made_up.Range(*found.stretch(rng, 200)))
        elif pieces and choice < 0.9:
            items[-1].append(repeat(rng.randint(1, pieces)))
        else:
            items[-1].append(rng.randbytes(rng.randrange(9)))
            continue
        pieces += 1
        if len(items) <= len(names) and rng.random() < 0.3:
            items.append([])
    while len(items) <= len(names):
        items.append([])
    return [Output(name, tuple(own)) for name, own in zip([None, *names], items, strict=True)]
