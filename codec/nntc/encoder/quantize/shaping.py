"""Noise shaping without data: put the quantization noise where a layer's input has little power.

The error of a weight matrix matters as it comes out of the layer: delta H delta^T for inputs of second
moment H. Nothing is known about H without data but what holds for nearly every network:

- Inputs after a normalized or bounded ReLU share a mean: H = I + r 11^T over the channels. An error that
  sums to zero over the channels does not meet the mean.
- Feature maps are smooth: neighbouring kernel positions see nearly the same value, correlated as
  rho^distance. An error of high spatial frequency meets little power.

A Walsh-Hadamard transform over channels and a DCT over the kernel (nearly) diagonalize this H, and steps
proportional to lambda^(-1/2) then cost the fewest bits at a given output noise (reverse water-filling).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.tensors import Tensor
from nntc.format.dct import MAX_BLOCK, MAX_MIX
from nntc.format.registry import ViewKind
from nntc.format.steps import STEP_CODES
from nntc.format.transform import Transform
from nntc.format.view import View
from nntc.onnx.roles import InputKind, Role

MEAN_POWER = 0.5
"""r: squared mean over variance of a non-negative input, as far as channels share it."""
CORRELATION = 0.7
"""rho: correlation of inputs one pixel apart."""
_KERNELS = (Role.CONVOLUTION, Role.DEPTHWISE, Role.TRANSPOSED_CONVOLUTION)
_LEAST = 1 / 12
"""Least power of a spatial frequency, of the largest: networks do look at edges."""


@dataclass(frozen=True, slots=True, eq=False)
class Shaping:
    """A transform and the steps of its coefficients.

    Parameters
    ----------
    view
        The tensor's view with the transform's period.
    codes
        uint8 [columns] step codes, or None where all steps are alike.
    steps
        float64 [period] or [columns]: steps of a block's coefficients, or of all columns, in units of the
        step that white noise would have.
    """

    view: View
    transform: Transform | None
    codes: NDArray[np.uint8] | None
    steps: NDArray[np.float64]

    @property
    def unit(self) -> float:
        """What integers before the inverse transform count in, in units of the step of white noise."""
        least = float(self.steps.min())
        return least if self.codes is None else least / float(STEP_CODES[0])


def shapings(tensor: Tensor) -> list[Shaping]:
    """Return the shapings of a weight tensor, all with the same expected output noise: none, and one."""
    view = tensor.view
    plain = _plain(tensor)
    kernel = _kernel(tensor)
    mix = 0
    # Mixed planes are consecutive in coded order only where that is the payload's.
    if tensor.input is InputKind.SHARED_MEAN and kernel == (1, 1) and view.kind is ViewKind.MATRIX:
        mix = min(MAX_MIX, (view.channels & -view.channels).bit_length() - 1)
    if kernel is None or (kernel == (1, 1) and not mix):
        return [plain]
    planes = 1 << mix
    transform = Transform(*kernel, mix)
    over_channels = np.ones(planes)
    over_channels[0] += MEAN_POWER * planes
    power = np.outer(over_channels / over_channels.mean(), _spatial_power(*kernel)).ravel()
    steps = power**-0.5
    codes = np.searchsorted(STEP_CODES, 8 * steps / steps.min() * (1 - 2.0**-5)).astype(np.uint8)
    shaped_view = View(view.kind, view.rows, view.channels // planes, view.period * planes)
    exact = steps.min() / 8 * STEP_CODES[codes]
    return [plain, Shaping(shaped_view, transform, np.tile(codes, shaped_view.channels), exact)]


def equal_steps(tensor: Tensor) -> list[Shaping]:
    """Return the candidates to code a weight tensor with one step: plain, and the DCT of its kernels."""
    kernel = _kernel(tensor)
    if kernel is None or kernel == (1, 1):
        return [_plain(tensor)]
    transform = Transform(*kernel)
    return [_plain(tensor), Shaping(tensor.view, transform, None, np.ones(transform.period))]


def _plain(tensor: Tensor) -> Shaping:
    return Shaping(tensor.view, None, None, np.ones(1))


def with_column_codes(plain: Shaping, codes: NDArray[np.uint8]) -> Shaping:
    """Return a shaping without transform whose columns have steps of their own, the largest of them 1.

    Parameters
    ----------
    codes
        uint8 [columns], the least of them 0.
    """
    factors = STEP_CODES[codes]
    return replace(plain, codes=codes, steps=factors / factors.max())


def output_gain(candidate: Shaping, coefficients: NDArray[np.float64]) -> float:
    """Return how much more output power weights make of the expected input than white weights would.

    Smooth kernels meet smooth inputs: their output is larger than their weights tell, and so may be the
    noise. One where all steps are alike.

    Parameters
    ----------
    coefficients
        float64, rank 1: the weights in the domain of the candidate's transform.
    """
    if candidate.transform is None:
        return 1.0
    energy = np.square(coefficients).reshape(-1, candidate.steps.size).mean(axis=0)
    return float(energy @ candidate.steps**-2.0 / energy.sum())


def _kernel(tensor: Tensor) -> tuple[int, int] | None:
    """Return height and width of the part of a row that is smooth, (1, 1) for none; None for no transform."""
    if tensor.view.kind is ViewKind.RAGGED or tensor.view.period > MAX_BLOCK**2:
        return None
    if tensor.view.period == 1:
        return 1, 1
    kernel = [n for n in tensor.dims[2:] if n > 1]
    if (
        tensor.role not in _KERNELS
        or tensor.input is InputKind.RAW
        or len(kernel) != 2
        or max(kernel) > MAX_BLOCK
    ):
        return None
    return (kernel[0], kernel[1]) if kernel[0] * kernel[1] == tensor.view.period else None


def _spatial_power(height: int, width: int) -> NDArray[np.float64]:
    """Return the input power at each frequency of a kernel, float64 [height * width], mean 1."""
    power: NDArray[np.float64] = np.outer(_power(height), _power(width)).ravel()
    return np.maximum(power, float(power.max()) * _LEAST)


def _power(n: int) -> NDArray[np.float64]:
    """Return the power of a first-order Markov sequence of variance 1 in the DCT of n points."""
    k, x = np.arange(n)[:, None], np.arange(n)[None, :]
    basis = np.where(k == 0, np.sqrt(1 / n), np.sqrt(2 / n)) * np.cos(np.pi * (2 * x + 1) * k / (2 * n))
    covariance = CORRELATION ** np.abs(x.T - x)
    power: NDArray[np.float64] = np.einsum("kx,xy,ky->k", basis, covariance, basis)
    return power
