from __future__ import annotations

from pathlib import Path

import nntc
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from reference_models.errors import ReferenceModelError
from reference_models.networks.alexnet import AlexNet
from reference_models.networks.catalogue import CATALOGUE
from reference_models.networks.export import export
from reference_models.networks.gan import NOISE, discriminator, generator
from reference_models.networks.googlenet import googlenet
from reference_models.networks.residual_cnn import ResidualCnn
from reference_models.networks.resnet50 import ResNet50
from reference_models.networks.review_lstm import ReviewLstm
from reference_models.networks.squeezenet import SqueezeNet
from reference_models.networks.weights import load_weights
from reference_models.training.tasks import Signature


def trained(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


@pytest.mark.parametrize("name", CATALOGUE)
def test_networks_have_the_published_sizes(name: str) -> None:
    """Build without memory for the weights; but for the LSTM, which takes longer so."""
    entry = CATALOGUE[name]
    with torch.device("cpu" if entry.words else "meta"):
        network = entry.build().eval()
        output = network(entry.signature().example)
    assert trained(network) == entry.parameters
    shapes = {"logits": (1, 1 if entry.words else 1000), "image": (1, 3, 32, 32), "logit": (1, 1)}
    assert tuple(output.shape) == ((1, 10) if name == "residual-cnn" else shapes[entry.output])


def test_the_lstm_has_the_papers_count_layer_by_layer() -> None:
    network = ReviewLstm()
    assert [trained(layer) for layer in (network.embedding, network.lstm, network.dense)] == [
        2_560_000, 131_584, 129,
    ]  # fmt: skip


def test_the_gan_has_the_papers_count_in_all() -> None:
    with torch.device("meta"):
        assert trained(generator()) + trained(discriminator()) == 1_988_612


def test_the_residual_cnn_has_12_layers() -> None:
    """Count layers as He et al. do: without the 1x1 convolutions beside blocks."""
    with torch.device("meta"):
        network = ResidualCnn()
    layers = [name for name, m in network.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len([name for name in layers if ".around." not in name]) == 12


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (ResNet50, ["layer1.0.downsample.0.weight", "layer4.2.bn3.running_var", "fc.bias"]),
        (SqueezeNet, ["features.3.squeeze.weight", "features.12.expand3x3.bias", "classifier.1.weight"]),
        (lambda: AlexNet(towers=False), ["features.10.weight", "classifier.6.bias"]),
    ],
)
def test_tensors_have_torchvisions_names(build: type[nn.Module], names: list[str]) -> None:
    with torch.device("meta"):
        assert set(names) <= set(build().state_dict())


def test_generated_pixels_are_in_range() -> None:
    torch.manual_seed(1)
    images = generator()(30 * torch.randn(2, NOISE))
    assert images.shape == (2, 3, 32, 32)
    assert float(images.detach().abs().max()) <= 1


def small_cnn() -> nn.Module:
    """Build a network of every kind of tensor, its normalizations not those of the start."""
    torch.manual_seed(2)
    network = ResidualCnn(22, small=True)
    with torch.no_grad():
        for p in network.parameters():  # equal tensors would be written once
            p.add_(0.1 * torch.randn(p.shape))
        network(torch.randn(4, 3, 32, 32))
    return network.eval()


IMAGE = Signature(torch.zeros(1, 3, 32, 32), "image", "logits")


def run(model: bytes, name: str, inputs: np.ndarray) -> np.ndarray:
    outputs: np.ndarray = onnxruntime.InferenceSession(model).run(None, {name: inputs})[0]
    return outputs


def test_an_exported_network_computes_the_same() -> None:
    network = small_cnn()
    inputs = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        expected = network(inputs).numpy()
    assert np.allclose(run(export(network, IMAGE), "image", inputs.numpy()), expected, rtol=1e-4, atol=1e-5)


def test_export_keeps_the_weights_bit_for_bit_and_normalizations_apart() -> None:
    network = small_cnn()
    graph = onnx.load_model_from_string(export(network, IMAGE)).graph
    written = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert np.array_equal(written[name], tensor.numpy())
    assert sum(node.op_type == "BatchNormalization" for node in graph.node) == 15


def test_an_lstm_is_exported_as_one_node_with_few_valued_weights() -> None:
    torch.manual_seed(1)
    network = ReviewLstm(words=9, units=4).eval()
    with torch.no_grad():
        network.lstm.weight_ih_l0.copy_((network.lstm.weight_ih_l0 > 0.1).float() / 3)
    words = torch.randint(9, (3, 5))
    model = export(network, Signature(words[:1], "words", "logits"))
    graph = onnx.load_model_from_string(model).graph
    (node,) = (node for node in graph.node if node.op_type == "LSTM")
    written = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    assert set(np.unique(written[node.input[1]])) == {0, np.float32(1) / np.float32(3)}
    with torch.no_grad():
        assert np.allclose(run(model, "words", words.numpy()), network(words).numpy(), atol=1e-6)


@pytest.mark.parametrize("suffix", [".onnx", ".nntc", ".pt"])
def test_weights_come_back_from_files(tmp_path: Path, suffix: str) -> None:
    network, path = small_cnn(), tmp_path / f"weights{suffix}"
    if suffix == ".pt":
        torch.save(network.state_dict(), path)
    else:
        (tmp_path / "weights.onnx").write_bytes(export(network, IMAGE))
    if suffix == ".nntc":
        nntc.encode(tmp_path / "weights.onnx", path, method="lossless")
    other = ResidualCnn(22, small=True).eval()
    load_weights(other, path)
    inputs = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(other(inputs), network(inputs))


def renamed(model: bytes) -> bytes:
    """Give a model's tensors names as converters from other frameworks do."""
    loaded = onnx.load_model_from_string(model)
    names = {tensor.name: f"tensor_{number}" for number, tensor in enumerate(loaded.graph.initializer)}
    for tensor in loaded.graph.initializer:
        tensor.name = names[tensor.name]
    for node in loaded.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    return bytes(loaded.SerializeToString())


def test_weights_of_other_names_are_taken_in_the_order_of_the_nodes(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network, other, path = generator().eval(), generator().eval(), tmp_path / "generator.onnx"
    path.write_bytes(renamed(export(network, Signature(torch.zeros(1, NOISE), "noise", "image"))))
    load_weights(other, path)
    for name, tensor in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)


@pytest.mark.parametrize("content", [b"", b"cos\nsystem\n(S'true'\ntR."])
def test_files_that_are_no_weights_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(ReferenceModelError, match="E_WEIGHTS"):
        load_weights(small_cnn(), path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cnn.onnx"
    path.write_bytes(export(small_cnn(), IMAGE))
    with pytest.raises(ReferenceModelError, match="E_WEIGHTS"), torch.device("meta"):
        load_weights(googlenet(), path)
