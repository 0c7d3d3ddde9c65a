"""`python -m reference_models record`."""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import click
import nntc

from reference_models.commands.arguments import FOLDER, data_option, recipe_argument, threads_option

_ALONE_BITS = 8  # quantization alone, as a measure of what it costs without training


@click.command()
@recipe_argument
@click.argument("trained", type=FOLDER)
@data_option
@click.option(
    "--to", "target", type=FOLDER, required=True, help="Folder of the .nntc files and of the record."
)
@threads_option
def record(recipe: Path, trained: Path, data: Path | None, target: Path, threads: int) -> None:
    """Code what training by RECIPE left in the folder TRAINED, and write down its sizes and measures.

    The networks that were compressed become RECIPE.NETWORK.nntc, exactly coded. RECIPE.json gets the sizes
    after every stage, and besides what result.json has, how the first network does when its dense weights
    are quantized to 8 bits without training.
    """
    from reference_models.training.build import build_task
    from reference_models.training.checkpoint import write_file
    from reference_models.training.device import prepare
    from reference_models.training.onnx_session import session
    from reference_models.training.recipe import read_recipe
    from reference_models.training.trainer import RESULT

    chosen = read_recipe(recipe)
    task = build_task(chosen, data, prepare(threads))
    result = json.loads((trained / RESULT).read_text(encoding="utf-8"))
    dense = [stage.name for stage in chosen.stages if stage.kind == "dense"][-1]
    last = chosen.stages[-1].name
    names = list(task.networks)
    with tempfile.TemporaryDirectory(prefix="nntc-") as folder:
        alone = _quantized_alone(trained / f"{dense}.{names[0]}.onnx", Path(folder))
        result["quantized_alone"] = {
            "bits": _ALONE_BITS,
            "bytes": alone.with_suffix(".nntc").stat().st_size,
            "measures": task.measure(session(alone, threads)),
        }
        result["networks"] = {
            name: _sizes(trained / f"{last}.{name}.onnx", target / f"{recipe.stem}.{name}.nntc", Path(folder))
            for name in names
            if any(stage.compresses(name) for stage in chosen.stages)
        }
    path = target / f"{recipe.stem}.json"
    write_file(path, json.dumps(result, indent=2).encode() + b"\n")
    click.echo(f"{path}: {', '.join(result['networks'])}")


def _quantized_alone(dense: Path, folder: Path) -> Path:
    """Return an ONNX file of quantized weights, and beside it the .nntc file."""
    coded, decoded = folder / "alone.nntc", folder / "alone.onnx"
    nntc.encode(dense, coded, method="deep", bits=_ALONE_BITS)
    nntc.decode(coded, decoded)
    return decoded


def _sizes(model: Path, coded: Path, folder: Path) -> dict[str, Any]:
    """Code a network exactly, and return bytes after every stage, as Young et al. count them, and hashes."""
    huffman = nntc.encode(model, folder / "huffman.nntc", method="deep")
    report = nntc.encode(model, coded, method="lossless")
    content = model.read_bytes()
    return {
        "stages": {stage.name: stage.size for stage in huffman.stages[:-1]} | {"huffman": huffman.size},
        "gzip": len(gzip.compress(content, mtime=0)),
        "nntc": report.size,
        "nntc_sha256": hashlib.sha256(coded.read_bytes()).hexdigest(),
        "onnx_sha256": hashlib.sha256(content).hexdigest(),
    }
