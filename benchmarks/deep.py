"""Deep compression without training: sizes after every stage, and what each coder contributes.

    python -m benchmarks.deep --data DIR [--models NAME...] [--prune X] [--bits N...]
    python -m benchmarks.deep --synthetic WEIGHTS

Stages as Young et al. report them, and then the coders on the same pruned and quantized tensors. Han's
representation stands beside ours: sparse rows with gaps of 5 or 8 bits (the better for each tensor),
filler zeros, Huffman codes for gaps and for indices of the shared values with 4 bits a symbol for their
lengths, float32 codebooks; nothing else is counted of it, of ours everything is. `--synthetic` makes
a network instead of reading any, and codes it as one that was pruned and quantized in training: every file
must come back byte for byte.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nntc
import numpy as np
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.entropy.huffman import code_lengths
from nntc.encoder.entropy.integers import sparse_rows
from nntc.encoder.model import open_model
from nntc.encoder.quantize.scales import fit_scales
from nntc.encoder.tensor.codebook import Codebook, codebook_record, make_codebook
from nntc.encoder.tensors import Tensor
from nntc.format.registry import Coder
from numpy.typing import NDArray

from . import arguments
from .curves import markdown_table
from .synthetic import dense_model, dense_weights

HAN = "Han, bytes"
BEST = {
    "best of Huffman": ("Huffman", "Huffman, sparse rows"),
    "best of rANS": ("rANS", "rANS, sparse rows", "rANS, contexts"),
}
STAGES = ("sparse", "quantized", "coded")


def stage_row(path: Path, prune: float, bits: int | None) -> list[str]:
    """Encode a model by Huffman coding and by rANS; return its sizes after the stages."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model.nntc")
        report = nntc.encode(path, target, method="deep", prune=prune, bits=bits)
        rans = nntc.encode(path, target, method="deep", prune=prune, bits=bits, entropy="rans")
    stages = {stage.name: stage for stage in report.stages}
    row = [path.stem, f"{prune:.0%}", str(bits or "-"), f"{report.original_size:,}"]
    for name in STAGES:
        row += [f"{stages[name].size:,}", f"{stages[name].factor:.2f}"]
    return [*row, f"{report.ratio:.2f}", f"{rans.size:,}", f"{rans.ratio:.2f}", f"{report.error:.1%}"]


def shared_tensors(path: Path) -> Iterator[tuple[Tensor, Codebook]]:
    """Yield the tensors of a model that have at most 256 distinct values, and many elements."""
    with open_model(path) as model:
        for tensor in model.tensors:
            codebook = make_codebook(tensor.bits()) if tensor.element.is_float else None
            if codebook and codebook.entries.size <= min(256, tensor.size // 4):
                yield tensor, codebook


def coder_sizes(path: Path) -> Counter[str]:
    """Return bytes by coder of all tensors that have few distinct values, and their number of weights."""
    sizes: Counter[str] = Counter()
    for tensor, codebook in shared_tensors(path):
        own = tensor_sizes(tensor, codebook)
        own.update({name: min(own[way] for way in ways) for name, ways in BEST.items()})
        sizes.update(own)
    return sizes


def tensor_sizes(tensor: Tensor, codebook: Codebook) -> dict[str, int]:
    """Return bytes by coder of one tensor."""
    classes = fit_scales(np.abs(tensor.values()).astype(np.float32), tensor.view).classes
    ways: dict[str, dict[str, Any]] = {
        "packed indices": {"coder": Coder.PACKED},
        "Huffman": {"coder": Coder.HUFFMAN},
        "Huffman, sparse rows": {"coder": Coder.HUFFMAN, "sparse": True},
        "rANS": {"coder": Coder.RANS},
        "rANS, sparse rows": {"coder": Coder.RANS, "sparse": True},
        "rANS, contexts": {"coder": Coder.RANS, "classes": classes},
        "bzip2": {"coder": Coder.BZIP2},
        "bzip2, sparse rows": {"coder": Coder.BZIP2, "sparse": True},
    }
    records = [codebook_record(tensor.element, tensor.view, codebook, **way) for way in ways.values()]
    sizes = [len(body) for body in assemble([record.fragments for record in records])]
    entropy = -float(codebook.counts @ np.log2(codebook.counts / tensor.size))
    return {
        "weights": tensor.size,
        "entropy of indices": round(entropy / 8),
        HAN: min(han_size(codebook, gap_bits) for gap_bits in (5, 8)),
        **dict(zip(ways, sizes, strict=True)),
    }


def han_size(codebook: Codebook, gap_bits: int) -> int:
    """Return bytes of a tensor in Han's representation."""
    gaps, indices = sparse_rows(codebook.indices, codebook.common, gap_bits)
    bits = huffman_bits(gaps) + huffman_bits(indices)
    return -(-bits // 8) + codebook.entries.nbytes


def huffman_bits(symbols: NDArray[Any]) -> int:
    """Return bits of symbols 0..255 under their own Huffman code, and of its lengths."""
    counts = np.bincount(symbols, minlength=256)
    return int(code_lengths(counts) @ counts) + 4 * (int(symbols.max()) + 1)


def coder_table(models: dict[str, Counter[str]]) -> str:
    """Format bytes of Han's representation, and of each coder in relation to it."""
    coders = [name for name in next(iter(models.values())) if name not in ("weights", HAN)]
    rows = [
        [model, f"{sizes['weights']:,}", f"{sizes[HAN]:,}", *(f"{sizes[c] / sizes[HAN]:.1%}" for c in coders)]
        for model, sizes in models.items()
    ]
    return markdown_table(["model", "weights", HAN, *coders], rows)


def as_trained(path: Path, target: Path, prune: float, bits: int) -> Path:
    """Prune and quantize a model; write it as a model like any other."""
    coded = target.with_suffix(".nntc")
    nntc.encode(path, coded, method="deep", prune=prune, bits=bits)
    nntc.decode(coded, target)
    return target


def exact_row(path: Path, method: str, **chosen: Any) -> list[str]:
    """Code a pruned and quantized model; it must come back byte for byte."""
    with tempfile.TemporaryDirectory() as folder:
        coded, decoded = Path(folder, "model.nntc"), Path(folder, "model.onnx")
        report = nntc.encode(path, coded, method=method, **chosen)
        nntc.decode(coded, decoded)
        if decoded.read_bytes() != path.read_bytes():
            raise ValueError(f"{method} did not restore {path.name}")
    label = " ".join([method, *(f"--{name} {value}" for name, value in chosen.items())])
    return [label, f"{report.size:,}", f"{report.ratio:.2f}"]


def measure_models(paths: Sequence[Path], prune: float, all_bits: Sequence[int]) -> None:
    """Print stages of every model, and coders at the last number of bits."""
    rows = [stage_row(path, prune, bits) for path in paths for bits in all_bits]
    header = ["model", "pruned", "bits", "bytes", "sparse rows", "factor", "quantized", "factor"]
    header += ["Huffman coded", "factor", "in all", "rANS coded", "in all", "error"]
    print(markdown_table(header, rows), end="\n\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        sizes = {
            path.stem: coder_sizes(as_trained(path, Path(folder, path.name), prune, all_bits[-1]))
            for path in paths
        }
    everything: Counter[str] = Counter()
    for own in sizes.values():
        everything.update(own)
    print(coder_table({**sizes, "all": everything}))


def measure_synthetic(weights: int, prune: float, bits: int) -> None:
    """Print coders of a synthetic network, and its files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dense.onnx")
        path.write_bytes(dense_model(dense_weights(weights)))
        trained = as_trained(path, Path(folder, "trained.onnx"), prune, bits)
        print(coder_table({f"{prune:.0%} zeros, {bits} bits": coder_sizes(trained)}), end="\n\n", flush=True)
        rows = [
            exact_row(trained, "deep"),
            exact_row(trained, "deep", entropy="rans"),
            exact_row(trained, "lossless"),
            exact_row(trained, "auto"),
        ]
    print(markdown_table(["method", "bytes", "factor"], rows))


def main() -> None:
    """Print the tables."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--models", nargs="+", metavar="NAME", help="stems of file names (default: all)")
    parser.add_argument("--prune", type=float, default=None, help="default: 0.5; synthetic: 0.9")
    parser.add_argument("--bits", type=int, nargs="+", default=None, help="default: 8 5 4; synthetic: 5")
    parser.add_argument("--synthetic", type=int, metavar="WEIGHTS", help="a network of so many weights")
    options = parser.parse_args()
    if options.synthetic:
        prune = 0.9 if options.prune is None else options.prune
        measure_synthetic(options.synthetic, prune, (options.bits or [5])[0])
        return
    paths = sorted((arguments.data_folder(options) / "models").glob("*.onnx"))
    chosen = [path for path in paths if not options.models or path.stem in options.models]
    measure_models(chosen, 0.5 if options.prune is None else options.prune, options.bits or [8, 5, 4])


if __name__ == "__main__":
    main()
