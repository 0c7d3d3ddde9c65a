"""Train the digits network and write it as ONNX, with its held-out images beside it.

    python -m reference_models.digits.train --model digits.onnx --images codec/nntc/demo/digits.npz

Run from the root of the repository. One thread and fixed seeds: the same command with the same packages
on the same kind of processor gives the same bytes (README.md in this folder names them).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator
from torch import nn

from reference_models.digits.data import TRAINING_IMAGES, Labelled, read_split, scale
from reference_models.digits.network import digits_network

OPSET = 17

BATCH = 64
PEAK_LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1.5
LABEL_SMOOTHING = 0.1
LARGEST_SHIFT = 1


def shift(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Move each image (N, 1, H, W) by up to LARGEST_SHIFT pixels per axis, zeros coming in."""
    count, _, height, width = images.shape
    padded = nn.functional.pad(images, [LARGEST_SHIFT] * 4)
    top, left = torch.randint(2 * LARGEST_SHIFT + 1, (2, count, 1), generator=generator)
    rows = (top + torch.arange(height))[:, :, None]
    columns = (left + torch.arange(width))[:, None, :]
    return padded[torch.arange(count)[:, None, None], 0, rows, columns][:, None]


def train(data: Labelled, epochs: int, seed: int) -> nn.Module:
    """Train a fresh network and return it in evaluation mode."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = digits_network()
    images = torch.from_numpy(scale(data.images))
    labels = torch.from_numpy(data.labels.astype(np.int64))

    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim == 1]  # biases, normalizations: no decay
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}],
        lr=PEAK_LEARNING_RATE,
    )
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=LABEL_SMOOTHING)

    network.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in torch.randperm(len(images), generator=generator).split(BATCH):
            loss = loss_of(network(shift(images[batch], generator)), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch:3d}/{epochs}  loss {total / len(images):.4f}", flush=True)
    return network.eval()


def export(network: nn.Module) -> bytes:
    """Write the network as ONNX with its weights inside and its batch normalizations kept.

    The exporter that traces is chosen, for it writes opset 17 itself; `PRESERVE` keeps it from folding the
    normalizations into the convolutions, and they are still in inference mode since the network is.
    """
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros(1, 1, 8, 8),),
            file,
            training=torch.onnx.TrainingMode.PRESERVE,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=False,
        )
    return file.getvalue()


def count_right(model: bytes, data: Labelled) -> int:
    """Count the images that the ONNX file itself, run by onnx's reference evaluator, classifies rightly."""
    loaded = onnx.load_model_from_string(model)
    onnx.checker.check_model(loaded, full_check=True)
    (logits,) = ReferenceEvaluator(loaded).run(["logits"], {"image": scale(data.images)})
    return int(np.count_nonzero(np.argmax(logits, axis=1) == data.labels))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train the digits network of `nntc demo`.")
    parser.add_argument("--model", type=Path, required=True, help="where to write the ONNX file")
    parser.add_argument("--images", type=Path, help="where to write the held-out images and labels (.npz)")
    parser.add_argument("--epochs", type=int, default=100, help="passes over the training set (%(default)s)")
    parser.add_argument("--seed", type=int, default=1998, help="seed of weights, order, shifts (%(default)s)")
    parser.add_argument(
        "--validate",
        type=int,
        default=0,
        metavar="N",
        help="train without the last N training images and measure on them, the held-out ones untouched: "
        "for choosing a recipe",
    )
    arguments = parser.parse_args()
    if arguments.epochs < 1:
        parser.error("--epochs must be at least 1")
    if not 0 <= arguments.validate < TRAINING_IMAGES:
        parser.error(f"--validate must be in 0..{TRAINING_IMAGES - 1}")
    return arguments


def main() -> None:
    """Train, export, measure."""
    arguments = parse_arguments()
    training, measured = read_split()
    if arguments.images is not None:
        np.savez_compressed(arguments.images, images=measured.images, labels=measured.labels)
    if arguments.validate:
        cut = TRAINING_IMAGES - arguments.validate
        measured = Labelled(training.images[cut:], training.labels[cut:])
        training = Labelled(training.images[:cut], training.labels[:cut])

    network = train(training, arguments.epochs, arguments.seed)
    model = export(network)
    arguments.model.write_bytes(model)

    right = count_right(model, measured)
    print(f"parameters  {sum(p.numel() for p in network.parameters()):,}")
    print(f"ONNX bytes  {len(model):,}")
    print(f"SHA-256     {hashlib.sha256(model).hexdigest()}")
    print(f"accuracy    {right}/{len(measured.labels)} = {right / len(measured.labels):.1%}")


if __name__ == "__main__":
    main()
