"""`python -m reference_models export`."""

from __future__ import annotations

from pathlib import Path

import click

from reference_models.commands.arguments import FILE, NEW_FILE


@click.command()
@click.argument("network", metavar="NETWORK")
@click.argument("target", metavar="OUT.onnx", type=NEW_FILE)
@click.option(
    "--weights", type=FILE,
    help="Trained weights: a PyTorch state dict such as torchvision's, an ONNX or a .nntc file.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of the weights where none are given.")
def export(network: str, target: Path, weights: Path | None, seed: int) -> None:
    """Write NETWORK at its published size as ONNX.

    NETWORK is residual-cnn, review-lstm, gan-generator, gan-discriminator, googlenet, resnet50, alexnet,
    alexnet-one-tower or squeezenet1.1.
    """
    import torch

    from reference_models.networks.catalogue import CATALOGUE
    from reference_models.networks.export import export as to_onnx
    from reference_models.networks.weights import load_weights
    from reference_models.training.checkpoint import write_file

    if network not in CATALOGUE:
        raise click.BadParameter(f"there is no network '{network}'; there are {', '.join(CATALOGUE)}.")
    torch.manual_seed(seed)
    entry = CATALOGUE[network]
    built = entry.build().eval()
    if weights is not None:
        load_weights(built, weights)
    content = to_onnx(built, entry.signature())
    write_file(target, content)
    click.echo(f"{target}: {entry.parameters:,} parameters, {len(content):,} bytes")
