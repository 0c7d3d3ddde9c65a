"""Time of calibrated encoding by phase, for any model that takes images.

    python -m reference_models export resnet50 --output resnet50.onnx
    python -m benchmarks.phases resnet50.onnx --data DIR --jobs 2

Calibrates with the 128 calibration images. The phases are run by themselves first, then all of them once
more in an encoding; what is left of that is the search of levels, entropy coding and the check of the file.
"""

from __future__ import annotations

from pathlib import Path

from nntc.encoder.calibration import collect
from nntc.encoder.calibration.calibration import sensitivity_samples
from nntc.encoder.calibration.sensitivity import measure
from nntc.encoder.encode import encode_bytes
from nntc.encoder.network import Network, Reference
from nntc.encoder.samples import Samples

from . import arguments
from .curves import markdown_table
from .imagenet import load_split, preprocess
from .timing import Seconds, timed


def main() -> None:
    """Print the table."""
    parser = arguments.parser(__doc__)
    parser.add_argument("model", type=Path, help="takes images of 224 x 224 pixels, (1, 3, 224, 224)")
    parser.add_argument("--quality", type=float, default=20.0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    images = preprocess(load_split(arguments.data_folder(options), "calibration").images, "torch")
    samples = Samples([{"image": image[None]} for image in images])
    network, jobs = Network(options.model), options.jobs
    statistics, moments = timed(lambda: collect(network, samples, jobs=jobs))
    some = samples[: sensitivity_samples(len(statistics.tensors))]
    reference, outputs = timed(lambda: Reference(network, some, jobs=jobs))
    sensitivities = timed(lambda: measure(network, statistics, reference, jobs=jobs))[1]
    parts = {
        "moments of the layers' inputs": moments,
        "outputs": outputs,
        "sensitivities": sensitivities,
    }
    whole = timed(
        lambda: encode_bytes(options.model, calibration=samples, quality=options.quality, jobs=options.jobs)
    )[1]
    rest = Seconds(
        whole.wall - sum(part.wall for part in parts.values()),
        whole.cpu - sum(part.cpu for part in parts.values()),
    )
    rows = [
        [label, f"{seconds.wall:.0f}", f"{seconds.cpu:.0f}"]
        for label, seconds in {**parts, "search, coding, check": rest, "all": whole}.items()
    ]
    print(markdown_table([f"{options.model.name}, {options.jobs} jobs", "wall s", "CPU s"], rows))


if __name__ == "__main__":
    main()
