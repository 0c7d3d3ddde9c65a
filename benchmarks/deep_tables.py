"""The three tables of Young et al. beside ours, from the records of the reference models.

    python -m benchmarks.deep_tables               from reference_models/trained
    python -m benchmarks.deep_tables --full-size   and the residual CNN at its published size, untrained

Sizes are bytes of whole files. Ours: `original` is the float32 ONNX file of the dense network, without any
optimizer state; `sparse` has what was pruned in sparse rows of 32-bit weights and gaps, `quantized` packed
indices and their codebooks instead, where that is smaller; `huffman` is the `.nntc` file that `--method deep`
makes, `nntc` the one of `--method lossless`, which may choose rANS and contexts: both restore the quantized
network bit for bit. Theirs: the files that their tables list; the first holds the optimizer's state too (one
float a weight for the CNN, two for the LSTM), which their second does not, so that the first of their factors
is no gain by pruning. `fair` is their last size against float32 weights alone.

Measures are accuracy in percent, more is better, and for GANs a Fréchet distance on features of the demo's
classifier, less is better, mean and deviation over five seeds of the noise; theirs is not known.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import nntc

from .curves import markdown_table
from .deep import coder_sizes, coder_table

TRAINED = Path(__file__).resolve().parents[1] / "reference_models" / "trained"
STAGES = ("original", "sparse", "quantized", "huffman", "nntc")
TITLES = {
    "images": "Table II: residual CNN. Ours: a quarter as wide, 32x32 instead of 227x227 pixels, CIFAR-10",
    "reviews": "Table III: LSTM, IMDb",
    "gan": "Table IV: GAN, generator compressed. Ours: handwritten digits; it imitates itself",
    "gan-adversarial": "The same as theirs: the generator goes on against its discriminator",
    "gan-both": "The paper's open question: both networks of the GAN compressed",
}
# MB after every stage and what was measured; of the GAN the text gives the total factor alone.
THEIRS: dict[str, dict[str, Any]] = {
    "images": {"sizes": (125.252, 62.665, 15.678, 13.047), "weights": 15_634_994, "loss": "2.6 points lost"},
    "reviews": {"sizes": (32.319, 10.781, 2.704, 1.490), "weights": 2_691_713, "loss": "87.49 to 85.38"},
    "gan": {"factor": 4.94, "loss": "visible loss"},
}
PRUNE, BITS = 0.92, 4  # of the network at its published size


def stage_table(sizes: dict[str, int]) -> str:
    """Format bytes, factor over the stage before, total factor; huffman and nntc both follow quantized."""
    before = dict(zip(STAGES, (STAGES[0], *STAGES), strict=False)) | {"nntc": "quantized"}
    factors = {name: (sizes[before[name]] / sizes[name], sizes["original"] / sizes[name]) for name in STAGES}
    rows = [[name, f"{sizes[name]:,}", *(f"{each:.2f}" for each in factors[name])] for name in STAGES]
    return markdown_table(["stage", "bytes", "factor", "total"], rows)


def theirs(name: str) -> str:
    """Describe the paper's result in a line."""
    paper = THEIRS.get(name)
    if paper is None:
        return ""
    if "sizes" not in paper:
        return f"Theirs: {paper['factor']} in all, {paper['loss']}."
    sizes = paper["sizes"]
    fair = 4 * paper["weights"] / 1e6 / sizes[-1]
    stages = " > ".join(f"{size} MB" for size in sizes)
    return f"Theirs: {stages}: {sizes[0] / sizes[-1]:.2f} in all, {fair:.2f} fair; {paper['loss']}."


def measures(record: dict[str, Any]) -> str:
    """Return what was measured after every stage."""
    alone = record["quantized_alone"]
    rows = [(stage["stage"], stage["measures"]) for stage in record["stages"]]
    rows.append((f"dense, {alone['bits']} bits without training", alone["measures"]))
    return markdown_table(
        ["after", "measure", "value"],
        [
            [stage, name, f"{value:.2%}" if name == "accuracy" else f"{value:.2f}"]
            for stage, values in rows
            for name, value in values.items()
        ],
    )


def show_record(path: Path) -> dict[str, Counter[str]]:
    """Print the tables of a record, and return the bytes of its networks by coder."""
    record = json.loads(path.read_text(encoding="utf-8"))
    print(f"## {TITLES.get(path.stem, path.stem)}\n\n{theirs(path.stem)}\n")
    coders = {}
    for name, network in record["networks"].items():
        print(f"{name}:\n")
        print(stage_table({**network["stages"], "nntc": network["nntc"]}), end="\n\n")
        coded = path.with_name(f"{path.stem}.{name}.nntc")
        with tempfile.TemporaryDirectory() as folder:
            nntc.decode(coded, Path(folder, "model.onnx"))
            sizes = coder_sizes(Path(folder, "model.onnx"))
        if sizes:
            coders[f"{path.stem} {name}"] = sizes
    print(measures(record), end="\n\n")
    return coders


def show_full_size() -> None:
    """Print sizes of the residual CNN at its published size: initial weights, pruned and quantized."""
    from reference_models.networks.catalogue import CATALOGUE
    from reference_models.networks.export import export

    entry = CATALOGUE["residual-cnn"]
    with tempfile.TemporaryDirectory() as folder:
        model, coded = Path(folder, "cnn.onnx"), Path(folder, "cnn.nntc")
        model.write_bytes(export(entry.build().eval(), entry.signature()))
        huffman = nntc.encode(model, coded, method="deep", prune=PRUNE, bits=BITS)
        sizes = {stage.name: stage.size for stage in huffman.stages} | {"huffman": huffman.size}
        sizes["nntc"] = nntc.encode(model, coded, method="deep", prune=PRUNE, bits=BITS, entropy="rans").size
    print(f"## Residual CNN of {entry.parameters:,} parameters, untrained, {PRUNE:.0%} pruned, {BITS} bits\n")
    print(stage_table(sizes), end="\n\n")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=Path, default=TRAINED, help="folder of records and .nntc files")
    parser.add_argument("--full-size", action="store_true", help="the residual CNN too; needs PyTorch")
    options = parser.parse_args()
    coders: dict[str, Counter[str]] = {}
    for name in TITLES:
        if (path := options.records / f"{name}.json").exists():
            coders.update(show_record(path))
    if coders:
        print(f"## Coders\n\n{coder_table(coders)}\n")
    if options.full_size:
        show_full_size()


if __name__ == "__main__":
    main()
