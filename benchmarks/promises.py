"""Goals as promises: how often what was met on some images is broken on others, and what keeping it costs.

A network is encoded once for each quality of a ladder, without samples, and run on all 600 images. Then, for
each of many random splits, the smallest file is chosen that meets a goal on one part, as do all of better
quality; the other part tells whether it is met there. `measured` takes what is measured for what is to come;
`promised` leaves room for chance, as `nntc encode` does.

    python -m benchmarks.promises --data DIR --splits 300
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from nntc.encoder.goals.fidelity import Fidelity, Measure, MeasuredOn, Metric, share
from nntc.encoder.goals.goal import CONFIDENCE, Goal
from nntc.encoder.goals.kinds import MaxDivergence, MaxDrop, MinAgreement
from nntc.encoder.network.divergence import margins_of
from nntc.encoder.network.turned import Floats, Margins, Turned
from numpy.typing import NDArray

from . import arguments
from .imagenet import CACHE, PREPROCESSING, ends_in_softmax, load_split, log_probabilities, run

NETWORKS = ("squeezenet1.1", "mobilenetv2", "googlenet")
LADDER = [float(quality) for quality in range(12, 48, 2)]
PARTS = (100, 300)
"""Images that a goal is met on; it is tried on as many others, at least 200."""
FEWEST = 200

Chosen = NDArray[np.intp]


@dataclass(frozen=True)
class Rung:
    """A file of the ladder: bytes, and log-probabilities on all images, float64 (images, classes)."""

    size: int
    outputs: Floats
    original: Floats
    labels: NDArray[np.int64]

    @cached_property
    def divergence(self) -> Floats:
        """KL divergence of each image."""
        result: Floats = (np.exp(self.original) * (self.original - self.outputs)).sum(axis=1)
        return result

    def margins(self, metric: Metric | None) -> tuple[Floats, Floats]:
        """Return margins before and after, of labels or, without a metric, of the original's answer."""
        classes = self.original.argmax(axis=1) if metric is None else self.labels
        k = 1 if metric is None else metric.k
        return margins_of(self.original, classes, k), margins_of(self.outputs, classes, k)

    @cached_property
    def all_margins(self) -> dict[Metric | None, tuple[Floats, Floats]]:
        """Margins of labels, and of the original's answers."""
        return {metric: self.margins(metric) for metric in (None, *Metric)}

    def fidelity(self, chosen: Chosen) -> Fidelity:
        """Return what would have been measured on some images."""
        count, divergence = len(chosen), self.divergence[chosen]
        kept: dict[Metric | None, Turned] = {}
        right: dict[Metric | None, tuple[int, int]] = {}
        for metric, (all_before, all_after) in self.all_margins.items():
            before, after = all_before[chosen], all_after[chosen]
            margins = Margins()
            margins.add(before, after, count)
            if (turned := margins.turned()) is not None:
                kept[metric] = turned
            right[metric] = int((before > 0).sum()), int((after > 0).sum())
        return Fidelity(
            count,
            MeasuredOn.EVALUATION,
            float(divergence.mean()),
            Measure.KL,
            1.0,
            share(right[None][1], count),
            share(right[Metric.TOP1][1], count),
            share(right[Metric.TOP5][1], count),
            share(right[Metric.TOP1][0], count),
            share(right[Metric.TOP5][0], count),
            spread=float(divergence.std() / divergence.mean()),
            batches=count,
            changed=kept[None],
            turned={metric: kept[metric] for metric in Metric},
        )


def ladder(network: str, data: Path) -> list[Rung]:
    """Return a network's files by rising quality; outputs are kept in `benchmarks/out`."""
    path = data / "models" / f"{network}.onnx"
    splits = [load_split(data, name) for name in ("calibration", "evaluation")]
    images = np.concatenate([split.images for split in splits])
    labels = np.concatenate([split.labels for split in splits])
    folder = CACHE / "promises" / network
    folder.mkdir(parents=True, exist_ok=True)

    def outputs(name: str, model: Callable[[], bytes | Path]) -> Floats:
        kept = folder / f"{name}.npy"
        if not kept.exists():
            found = run(model(), images, PREPROCESSING[network])
            np.save(kept, log_probabilities(found, ends_in_softmax(path)).astype(np.float32))
        return np.asarray(np.load(kept), np.float64)

    original = outputs("original", lambda: path)
    rungs = []
    for quality in LADDER:
        file, _ = encode_bytes(path, quality=quality)

        def decoded(file: bytes = file) -> bytes:
            return decode_bytes(file)[None]

        rungs.append(Rung(len(file), outputs(f"{quality:g}-{len(file)}", decoded), original, labels))
    return rungs


def is_met(goal: Goal, fidelity: Fidelity) -> bool:
    """Return whether a goal is met by what is measured."""
    value = goal.value(fidelity)
    return value >= goal.limit - 1e-9 if isinstance(goal, MinAgreement) else value <= goal.limit + 1e-9


def lowest(met: list[bool]) -> int | None:
    """Return the number of the first file from which all meet a goal."""
    failed = [number for number, is_good in enumerate(met) if not is_good]
    first = failed[-1] + 1 if failed else 0
    return first if first < len(met) else None


def trials(rungs: list[Rung], goals: list[Goal], part: int, splits: int) -> Iterator[list[str]]:
    """Yield a row of the table for each goal."""
    draw = np.random.default_rng(0)
    ways: list[Callable[[Goal, Fidelity], bool]] = [is_met, lambda goal, found: goal.excess(found) <= 0]
    broken: dict[tuple[int, int], list[bool]] = {}
    sizes: dict[tuple[int, int], list[int]] = {}
    for _ in range(splits):
        order = draw.permutation(len(rungs[0].labels))
        here = [rung.fidelity(order[:part]) for rung in rungs]
        there = [rung.fidelity(order[part : part + max(part, FEWEST)]) for rung in rungs]
        for number, goal in enumerate(goals):
            for place, way in enumerate(ways):
                chosen = lowest([way(goal, found) for found in here])
                if chosen is not None:
                    broken.setdefault((number, place), []).append(not is_met(goal, there[chosen]))
                    sizes.setdefault((number, place), []).append(rungs[chosen].size)
    for number, goal in enumerate(goals):
        (before, after), (plain, kept) = (
            [float(np.mean(values.get((number, place), [math.nan]))) for place in (0, 1)]
            for values in (broken, sizes)
        )
        reached = len(broken.get((number, 1), [])) / splits
        yield [goal.text, f"{before:.0%}", f"{after:.0%}", f"{kept / plain - 1:+.0%}", f"{reached:.0%}"]


def main() -> None:
    """Print the tables."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--splits", type=int, default=300)
    parser.add_argument("--confidence", type=float, default=CONFIDENCE)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    options = parser.parse_args()
    goals: list[Goal] = [
        *(MaxDivergence(limit, confidence=options.confidence) for limit in (0.02, 0.05)),
        *(MinAgreement(limit, confidence=options.confidence) for limit in (0.95, 0.98)),
        *(MaxDrop(limit, confidence=options.confidence) for limit in (1, 2)),
        *(MaxDrop(limit, Metric.TOP5, options.confidence) for limit in (1, 2)),
    ]
    print("| network | images | goal | broken, as measured | broken, as promised | bytes | reached |")
    print("|---|--:|---|--:|--:|--:|--:|")
    for network in options.networks:
        rungs = ladder(network, arguments.data_folder(options))
        for part in PARTS:
            for row in trials(rungs, goals, part, options.splits):
                print("|", " | ".join([network, str(part), *row]), "|", flush=True)


if __name__ == "__main__":
    main()
