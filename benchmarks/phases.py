"""Where the time of calibrated encoding goes, for any model that takes images.

    python -m reference_models export resnet50 --output resnet50.onnx
    python -m benchmarks.phases resnet50.onnx --data DIR --jobs 2

Calibrates with the 128 calibration images. The phases are run by themselves first, then all of them once more in
an encoding; what is left of that is the search of levels, entropy coding and the check of the finished file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from codec.encoder.calibration import Samples, calibrate
from codec.encoder.model import encode_bytes

from . import arguments
from .curves import markdown_table
from .imagenet import load_split, preprocess


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds of some work, those of all threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Print the table."""
    parser = arguments.parser(__doc__)
    parser.add_argument("model", type=Path, help="takes images of 224 x 224 pixels, (1, 3, 224, 224)")
    parser.add_argument("--quality", type=float, default=20.0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    images = preprocess(load_split(arguments.data_folder(options), "calibration").images, "torch")
    samples = Samples([{"image": image[None]} for image in images])
    calibration = calibrate(options.model, samples, jobs=options.jobs)
    moments = timed(lambda: calibration.statistics)
    outputs = timed(lambda: calibration.reference)
    sensitivities = timed(lambda: calibration.sensitivities)
    all_of_it = timed(
        lambda: encode_bytes(
            options.model, calibration=samples, quality=options.quality, jobs=options.jobs
        )
    )
    known = moments, outputs, sensitivities
    rest = tuple(whole - sum(parts) for whole, parts in zip(all_of_it, zip(*known, strict=True), strict=True))
    rows = [
        [label, f"{wall:.0f}", f"{cpu:.0f}"]
        for label, (wall, cpu) in (
            ("moments of the layers' inputs", moments),
            ("outputs", outputs),
            ("sensitivities", sensitivities),
            ("search, coding, check", rest),
            ("all", all_of_it),
        )
    ]
    print(markdown_table([f"{options.model.name}, {options.jobs} jobs", "wall s", "CPU s"], rows))


if __name__ == "__main__":
    main()
